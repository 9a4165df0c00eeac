"""One file per command: options in, work done by the library, tables and JSON out."""
