"""CREATOR CRT-571/591 card units: frames, error characters, and the conversation with one unit."""
