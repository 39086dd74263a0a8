// Nothing: its target is there to own the precompiled header.
