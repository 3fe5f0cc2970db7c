"""The end of a process in the middle of its work, without anybody starting it anew."""


class PowerCut(BaseException):
    """Ends a run without its own end, as a crash does."""
