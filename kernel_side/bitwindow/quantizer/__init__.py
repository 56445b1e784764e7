"""The one mutable object: it holds the latest record of every stage."""
