"""Choosing a type for every site."""
