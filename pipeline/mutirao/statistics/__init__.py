"""Areas of classes by territory and year, in hectares on the ellipsoid."""
