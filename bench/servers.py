"""The servers of the benchmark: its upstream, nginx as a plain proxy, and Remit with everything on.

Each is a context manager: started on loopback on a free port when entered, stopped when left. All files are in
the folder that it is given.
"""

import getpass
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

START_SECONDS = 60  # under callgrind a start takes long


class Failure(Exception):
    """What went wrong, for people."""


class Server:
    """A process that is started, found ready, and ended with SIGTERM."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = None
        self.address = None  # "127.0.0.1:PORT"
        self.path = "/mcp"

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def launch(self, command):
        self.log = self.folder / "stderr.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, bufsize=0)

    def read_until(self, prefix):
        """Reads the process's output up to a line that begins with `prefix`; gives all lines."""
        deadline = time.monotonic() + START_SECONDS
        text = ""
        while not any(line.startswith(prefix) for line in text.split("\n")[:-1]):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            piece = self.process.stdout.read(4096) if ready else b""
            if not piece:
                raise Failure(f"{type(self).__name__} did not start: {self.log.read_text()[-800:]}")
            text += piece.decode()
        return text.splitlines()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    @property
    def url(self):
        return f"http://{self.address}{self.path}"

    def token(self):
        """A file with what a client must show, or None."""
        return None

    def commits(self):
        """How often it made something durable."""
        return 0


class Upstream(Server):
    def __init__(self, folder, programs):
        super().__init__(folder)
        self.program = programs / "bench_upstream"

    def start(self):
        self.launch([self.program, "--listen", "127.0.0.1:0"])
        self.address = self.read_until("listening ")[-1].split()[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


NGINX_CONFIG = """\
daemon off;
master_process {master};
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  upstream mcp {{
    server {upstream};
    keepalive 128;
    keepalive_requests 1000000000;
  }}
  server {{
    listen {address};
    location / {{
      proxy_pass http://mcp;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }}
  }}
}}
"""


class Nginx(Server):
    """One worker, keep-alive on both sides, no access log, as the user that runs this."""

    def __init__(self, folder, upstream, under=()):
        super().__init__(folder)
        self.upstream = upstream
        self.under = list(under)  # an instrument in front: then there is no master process

    def start(self):
        program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        self.address = f"127.0.0.1:{free_port()}"
        config = self.folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(
            folder=self.folder, upstream=self.upstream, address=self.address,
            master="off" if self.under else "on",
            user=f"user {getpass.getuser()};" if os.geteuid() == 0 else ""))
        self.launch([*self.under, program, "-c", str(config), "-p", str(self.folder)])
        deadline = time.monotonic() + START_SECONDS
        host, port = self.address.split(":")
        while True:
            try:
                socket.create_connection((host, int(port)), 1).close()
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise Failure(f"nginx did not start: {self.log.read_text()[-800:]}") from None
                time.sleep(0.05)

    @property
    def pid(self):
        """The worker: it does the work."""
        if self.under:
            return self.process.pid
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])


class Remit(Server):
    """`remit serve` on a fresh data folder, with what a call needs: an agent with an owner and an approval, a
    destination with a credential of its own, a tool that is pinned, classified and granted, and policies."""

    ENVIRONMENT = "production"
    POLICY = pathlib.Path(__file__).parent / "policy.cedar"

    def __init__(self, folder, program, upstream, under=()):
        super().__init__(folder)
        self.program = program
        self.upstream = upstream
        self.under = list(under)
        self.path = f"/mcp/{self.ENVIRONMENT}"
        self.data = self.folder / "data"
        self.token_file = self.folder / "token"

    def start(self):
        # Older programs, which may be measured beside this one, serve their metrics beside the calls.
        self.has_metrics_command = "\n  metrics " in self.run("--help")
        self.launch([*self.under, self.program, "serve", "--data", self.data, "--listen", "127.0.0.1:0"])
        listening = [line for line in self.read_until("ready") if line.startswith("listening ")]
        self.address = listening[0].split()[1].removeprefix("http://")
        self.govern()

    def run(self, *arguments):
        """The output of one command of `remit`."""
        done = subprocess.run([self.program, "--data", self.data, *arguments], text=True, capture_output=True, timeout=60)
        if done.returncode != 0:
            raise Failure(f"remit {' '.join(map(str, arguments))}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def govern(self):
        env = ("--env", self.ENVIRONMENT)
        by = ("--by", "raj")
        secret = self.folder / "secret"
        secret.write_text("Bearer the-destination-s-own-credential")
        for name in ("ana", "raj"):
            self.run("human", "add", name)
        self.run("agent", "register", "bench-agent", *env, "--owner", "ana", "--purpose", "Measure what a call costs",
                 "--process", "benchmark", "--key-out", self.folder / "agent.jwk")
        self.run("agent", "approve", "bench-agent", *env, *by)
        # Older programs, which are measured beside this one, ask nobody else about a destination and name its secret in two.
        options = self.run("destination", "add", "--help")
        other = ("--by", "ana") if "--by" in options else ()
        credential = (("--secret-slot", "Authorization", "--secret-file", secret) if "--secret-slot" in options else
                      ("--secret", f"Authorization={secret}"))
        self.run("destination", "add", "bench", *env, "--owner", "raj", *other, "--data-class", "internal",
                 "--url", f"http://{self.upstream}/mcp", *credential)
        self.run("tool", "classify", "bench/echo", *env, "--effect", "read", "--data-class", "internal", "--by", "ana")
        self.run("tool", "grant", "bench/echo", "--agent", "bench-agent", *env, *by)
        self.run("policy", "publish", self.POLICY, *env, *by)

    def counters(self):
        """Its metrics, by name and labels."""
        text = self.run("metrics") if self.has_metrics_command else urllib.request.urlopen(f"http://{self.address}/metrics").read().decode()
        lines = text.splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[:1] != "#")}

    def commits(self):
        return self.counters()["remit_store_commits_total"]

    def bytes_written(self):
        """To the disk, by the process."""
        counts = dict(line.split(": ") for line in pathlib.Path(f"/proc/{self.pid}/io").read_text().splitlines())
        return int(counts["write_bytes"])

    def token(self):
        """Always a fresh one: it lives for five minutes."""
        self.token_file.write_text(self.run("token", "mint", "--agent", "bench-agent", "--env", self.ENVIRONMENT,
                                            "--key", self.folder / "agent.jwk"))
        return self.token_file
