"""A throwaway machine: this one's files under a layer that takes all that is written, with namespaces and a systemd of
its own. Needs root, the right to mount, and systemd; nothing of it is left behind. Standard library only.

`python3 machine.py FOLDER` is what runs inside, as the first process.
"""

import ctypes
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

SYSTEMD = "/lib/systemd/systemd"
LIBC = ctypes.CDLL(None, use_errno=True)
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
# What would change the kernel's state, which is this machine's too.
MASKED = ["systemd-sysctl", "systemd-modules-load", "systemd-udevd", "systemd-udev-trigger", "systemd-binfmt",
          "systemd-timesyncd", "systemd-random-seed", "systemd-remount-fs", "systemd-hwdb-update", "kmod-static-nodes"]


def mount(source, target, kind, flags=0, options=""):
    pathlib.Path(target).mkdir(parents=True, exist_ok=True)
    if LIBC.mount(source.encode(), str(target).encode(), kind.encode(), flags, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), f"mount {kind} on {target}")


def cgroups():
    """Where the unified hierarchy is mounted."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(where)
    return None


def why_not():
    """Why this machine cannot be doubled; None where it can."""
    if os.geteuid() != 0:
        return "this is not root"
    for program in [SYSTEMD, "/usr/bin/unshare", "/usr/bin/nsenter", "/usr/bin/dpkg", "/usr/bin/deb-systemd-helper"]:
        if not os.path.exists(program):
            return f"there is no {program}"
    if cgroups() is None:
        return "no unified cgroups are mounted"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "mount",
                            "-t", "tmpfs", "tmpfs", "/tmp"], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"it gives no namespaces: {tried.stderr.strip()}"


class Machine:
    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="remit-machine-"))
        self.cgroup = cgroups() / self.folder.name
        self.cgroup.mkdir()

        def enter():
            (self.cgroup / "cgroup.procs").write_text(str(os.getpid()))

        self.log = open(self.folder / "log", "w+b")
        self.outer = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child", sys.executable,
             __file__, self.folder / "layer"], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=enter)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self):
        end = time.monotonic() + 120
        self.init = None
        while time.monotonic() < end and self.outer.poll() is None:
            children = pathlib.Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text().split()
            if children and os.path.realpath(f"/proc/{children[0]}/exe").startswith("/usr/lib/systemd"):
                self.init = children[0]
                if self.ask("systemctl", "is-active", "basic.target")[1].strip() == "active":
                    return
            time.sleep(0.05)
        raise RuntimeError("systemd has not come up: " + (self.folder / "log").read_text()[-2000:])

    def ask(self, *command, **options):
        """Runs a command inside. Answers (exit code, stdout, stderr)."""
        done = subprocess.run(
            ["nsenter", "--target", self.init, "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--root", "--wd",
             *map(str, command)], capture_output=True, text=True, timeout=300, **options)
        return done.returncode, done.stdout, done.stderr

    def run(self, *command, **options):
        """Runs a command that must succeed. Answers what it printed."""
        code, out, err = self.ask(*command, **options)
        if code != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: exit {code}: {err.strip()} {out.strip()}")
        return out

    def path(self, inside):
        """A file of the machine, as it is seen from here."""
        return pathlib.Path(f"/proc/{self.init}/root{inside}")

    def __exit__(self, *_):
        self.outer.send_signal(signal.SIGKILL)  # and with it the first process, and with that one all
        self.outer.wait()
        self.log.close()
        self._drop_cgroups()
        shutil.rmtree(self.folder)

    def _drop_cgroups(self):
        end = time.monotonic() + 20
        while self.cgroup.exists():
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    if time.monotonic() > end:
                        raise
            time.sleep(0.05)


def inside(layer):
    """Becomes the machine's first process."""
    mount("none", "/", "none", MS_REC | MS_PRIVATE)
    mount("tmpfs", layer, "tmpfs")
    root = layer / "root"
    for name in ["root", "upper", "work"]:
        (layer / name).mkdir()
    mount("overlay", root, "overlay", 0, f"lowerdir=/,upperdir={layer}/upper,workdir={layer}/work")

    mount("proc", root / "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("sysfs", root / "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("cgroup2", root / "sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name in ["run", "tmp"]:
        mount("tmpfs", root / name, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777" if name == "tmp" else "mode=755")
    mount("tmpfs", root / "dev", "tmpfs", MS_NOSUID, "mode=755")
    for name in ["null", "zero", "full", "random", "urandom", "tty"]:
        (root / "dev" / name).touch()
        mount_file = str(root / "dev" / name).encode()
        if LIBC.mount(f"/dev/{name}".encode(), mount_file, b"none", MS_BIND, None) != 0:
            raise OSError(ctypes.get_errno(), f"/dev/{name}")
    mount("devpts", root / "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    (root / "dev/ptmx").symlink_to("pts/ptmx")
    mount("tmpfs", root / "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")

    # None of this machine's own services, and nobody who keeps packages from starting theirs.
    own = root / "etc/systemd/system"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    for name in MASKED:
        (own / f"{name}.service").symlink_to("/dev/null")
    (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("")
    (root / "etc/fstab").write_text("")

    with socket.socket() as any_socket:  # lo is up
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14s", b"lo", 0x1 | 0x40, b""))  # SIOCSIFFLAGS
    os.chdir(root)
    if LIBC.syscall(155, b".", b".") != 0:  # pivot_root: the old root is below the new one, and goes
        raise OSError(ctypes.get_errno(), "pivot_root")
    if LIBC.umount2(b".", 2) != 0:
        raise OSError(ctypes.get_errno(), "umount2")
    os.chdir("/")
    os.execve(SYSTEMD, [SYSTEMD, "--system", "--unit=basic.target", "--log-target=console", "--log-level=notice"],
              {"container": "remit-test", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})


if __name__ == "__main__":
    inside(pathlib.Path(sys.argv[1]))
