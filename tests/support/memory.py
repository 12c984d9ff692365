"""How much memory a process has taken at most, for scripts that tests run apart.

Not ru_maxrss: a child process begins with that of the process that started it, so in a long run of tests it starts
above every bound, and grows by nothing.
"""

PEAK_MEGABYTES = """
def peak_megabytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM:"))
"""
