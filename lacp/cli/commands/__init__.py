"""The commands of `lacpctl`, one module each; a module's top imports nothing that costs time."""
