"""Where things run: which core serves and which one asks, and children that cannot outlive the benchmark."""
import ctypes
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import time


def _siblings(core):
    try:
        with open(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list") as file:
            return {int(number) for number in re.findall(r"\d+", file.read())}
    except OSError:
        return {core}


def cores():
    """The server's core and the clients': no two threads of one core where that can be had; the same where there is
    but one."""
    allowed = sorted(os.sched_getaffinity(0))
    server = allowed[0]
    others = [core for core in allowed if core not in _siblings(server)] or allowed
    return server, others[-1]


def allow_many_descriptors():
    """A thousand idle connections need as many descriptors, in the server and in the client."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def on_core(core):
    """What a child does before it becomes its program: go to its core, and die when this process does."""
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare():
        libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        os.sched_setaffinity(0, {core})

    return prepare


def environment(**more):
    """Without proxies, which libcurl and requests would obey, and with the same hash seed in every run."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**kept, "LC_ALL": "C", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **more}


class Onlookers:
    """How much of the processors went to programs other than the benchmark since this object was made."""

    def __init__(self):
        self._since, self._others = time.monotonic(), self._used_by_others()

    def share(self):
        capacity = (time.monotonic() - self._since) * os.cpu_count()
        return max(self._used_by_others() - self._others, 0) / capacity

    @staticmethod
    def _used_by_others():
        with open("/proc/stat") as file:
            user, nice, system, _, _, irq, softirq, stolen = map(int, file.readline().split()[1:9])
        ours = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        used = (user + nice + system + irq + softirq + stolen) / os.sysconf("SC_CLK_TCK")
        return used - sum(usage.ru_utime + usage.ru_stime for usage in ours)


def _package(name):
    if not shutil.which("dpkg-query"):
        return "unknown version"
    asked = subprocess.run(["dpkg-query", "-W", "-f=${Version}", name], capture_output=True, text=True)
    return re.sub(r"[+-].*", "", asked.stdout) or "unknown version"


def _processor():
    with open("/proc/cpuinfo") as file:
        found = re.search(r"model name\s*:\s*(.+)", file.read())
    return found.group(1).strip() if found else platform.machine()


def description(compiler):
    """One sentence for the head of the report."""
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    peers = {"libcurl": "libcurl4-openssl-dev", "cpp-httplib": "libcpp-httplib-dev", "Boost": "libboost-dev",
             "requests": "python3-requests", "nginx": "nginx"}
    named = ", ".join(f"{peer} {_package(package)}" for peer, package in peers.items())
    kernel = platform.release().split("-")[0]
    return f"{_processor()}, {os.cpu_count()} cores, Linux {kernel}; {version}, -O2; {named}."
