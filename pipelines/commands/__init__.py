"""The commands of `weisu`, one module each; heavy libraries are imported inside the functions."""
