"""Codecs: from the bodies of one serving protocol to decoded tensors."""
