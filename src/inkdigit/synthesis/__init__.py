"""Real digits → what people write and MNIST's writers did not; seeded."""
