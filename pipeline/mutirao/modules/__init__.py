"""The contributors' room: manifests, checks and submissions."""
