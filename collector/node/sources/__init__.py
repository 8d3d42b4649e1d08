"""What tells about cards: one small reader a source, each giving the same kind of reading."""
