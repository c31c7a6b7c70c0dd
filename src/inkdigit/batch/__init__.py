"""Pictures by the million: Ray Data shares them among the cores of one machine or many, Parquet takes the answers."""

from inkdigit.batch.job import Job
from inkdigit.batch.read import read_files
from inkdigit.batch.tally import Tally

__all__ = ["Job", "Tally", "read_files"]
