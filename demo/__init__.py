"""The story that ``driftline demo`` tells: a real model decays in front of your eyes and is healed."""
