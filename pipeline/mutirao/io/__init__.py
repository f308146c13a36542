"""The only room with a door: files, archives and networks are read and written here and nowhere else."""
