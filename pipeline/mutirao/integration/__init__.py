"""The heart: claims of many modules become one map, with the deciding rule and module of every pixel."""
