"""Systems on cables in virtual time: what a network of engines does, without a network."""
