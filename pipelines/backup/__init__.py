"""One file that holds an installation: lake, store, models, configuration and keys; and the way back from it.

archive   the file: members with checksums, a manifest behind them
sealed    keys and configuration under a passphrase
take      `weisu backup`: what belongs into it, and in which order, while others write
restore   `weisu restore`: what has to be right before anything is written, and the order of things
staging   staged beside its place, and made to forget again what was erased since
swap      putting it in place so that a crash leaves the one state or the other
"""
