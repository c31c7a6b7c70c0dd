"""Pictures by the million: Ray Data distributes them over the cores of one machine or many; answers go to Parquet."""

from inkdigit.batch.job import Job
from inkdigit.batch.read import read_files
from inkdigit.batch.tally import Tally

__all__ = ["Job", "Tally", "read_files"]
