"""The quality scale: bronze, silver, gold, platinum, computed from what is known of a submission and never declared."""
