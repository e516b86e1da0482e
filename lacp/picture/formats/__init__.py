"""Other people's shapes of the one picture: models of standards bodies, texts that scripts read."""
