"""Pages and reports: the built map page, templates, and the loopback server."""
