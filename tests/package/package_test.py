#!/usr/bin/env python3
"""package_test.py SOURCE_DIR BUILD_DIR contents|life: the Debian package, as CPack makes it of a build.

contents  what is in it, and what its fields and scripts say. Anywhere.
life      installed on a throwaway machine (machine.py) and run by systemd as its unit says: with servers over stdio that
          are confined as well as outside of the unit, killed, misconfigured, upgraded over the data folder of 0.1, removed
          and purged. Where the machine has no systemd or gives no namespaces, it exits 77 and says so.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ["harness", "upgrade", "docs", "package"]]
import world  # noqa: E402
from machine import Machine, why_not  # noqa: E402
from pages import blocks  # noqa: E402
from plane import expect, main, wait_until  # noqa: E402

SOURCE, BUILD = map(pathlib.Path, sys.argv[1:3])
SKIPPED = 77
PAGE = SOURCE / "docs/service.md"
DATA, CONFIG = "/var/lib/remit", "/etc/remit/remit.toml"
EXPECTED_FILES = {"/etc/remit/remit.toml", "/lib/systemd/system/remit.service", "/usr/bin/remit",
                  "/usr/share/bash-completion/completions/remit", "/usr/share/doc/remit/copyright",
                  "/usr/share/doc/remit/install.md", "/usr/share/man/man1/remit.1.gz", "/usr/share/man/man1/remit-serve.1.gz"}
MOST_EXPOSED = 3.0  # systemd-analyze security; 9.6 without any hardening


def build(folder):
    subprocess.run(["cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder], check=True, stdout=subprocess.DEVNULL)
    packages = list(folder.glob("*.deb"))
    expect(len(packages) == 1, f"CPack made {packages}")
    return packages[0]


def dpkg_deb(*arguments):
    return subprocess.run(["dpkg-deb", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def contents(folder):
    package = build(folder)
    files = {}
    for line in dpkg_deb("--contents", package).splitlines():
        mode, owner, *_, path = line.split()
        expect(owner == "root/root", f"{path} belongs to {owner}")
        if not path.endswith("/"):
            files[path.removeprefix(".")] = mode
    expect(set(files) >= EXPECTED_FILES, f"not in it: {EXPECTED_FILES - set(files)}")
    stray = [path for path in set(files) - EXPECTED_FILES if not path.startswith(("/usr/share/doc/remit/", "/usr/share/man/"))]
    expect(not stray, f"too much is in it: {stray}")

    depends = dpkg_deb("--field", package, "Depends")
    for needed in ["adduser", "bubblewrap", "libc6", "libssl3", "libsqlite3-0"]:
        expect(re.search(rf"(^|, ){needed}\b", depends), f"{needed} is not in Depends: {depends}")
    control = folder / "control"
    dpkg_deb("--control", package, control)
    expect((control / "conffiles").read_text().split() == [CONFIG], "the configuration is no conffile")
    for script in ["postinst", "prerm", "postrm"]:
        expect((control / script).stat().st_mode & 0o777 == 0o755, f"{script} cannot be run")
        subprocess.run(["sh", "-n", control / script], check=True)


class Host:
    """The machine with the package on it."""

    def __init__(self, machine):
        self.machine = machine
        self.run, self.ask = machine.run, machine.ask

    def remit(self, *arguments):
        return self.run("runuser", "-u", "remit", "--", "/usr/bin/remit", "--data", DATA, *arguments)

    def call(self, tool, arguments):
        """Answers the exit code, and what was said."""
        code, out, err = self.ask("runuser", "-u", "remit", "--", "/usr/bin/remit", "--data", DATA, "call", tool, json.dumps(arguments),
                                  "--agent", "keeper", "--env", "production", "--key", "/srv/keys/keeper.jwk")
        return code, out + err

    def unit(self, name):
        return self.run("systemctl", "show", "--value", "--property", name, "remit").strip()

    def journal(self):
        return self.ask("journalctl", "--unit", "remit", "--no-pager", "--lines", "30")[1]

    def expect_active(self, what):
        expect(self.unit("ActiveState") == "active", f"{what}: {self.unit('ActiveState')}\n{self.journal()}")


def started(host):
    """Running, as its own account, without rights, with children as well confined as anywhere."""
    host.expect_active("after the installation")
    process = host.machine.path(f"/proc/{host.unit('MainPID')}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    account = host.run("id", "--user", "remit").strip()
    expect(status["Uid"].split()[0] == account != "0", f"it runs as {status['Uid']}")
    expect(status["NoNewPrivs"].strip() == "1" and int(status["CapBnd"], 16) == 0, "it has rights to gain")
    expect("confined by namespaces" in host.remit("status"), f"children are confined by less: {host.remit('status')}")
    expect(host.machine.path(DATA).stat().st_mode & 0o777 == 0o700, "others can look into the data folder")
    host.run("/usr/bin/remit", "--data", DATA, "status")  # as root too
    numbers = host.run("python3", "-c", "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9464/metrics').read().decode())")
    expect("remit_sessions 0" in numbers, f"these are no metrics: {numbers}")
    host.run("systemd-analyze", "verify", "remit.service")
    told = host.run("systemd-analyze", "security", "--no-pager", "remit.service").strip().splitlines()[-1]
    expect(float(re.search(r"([0-9.]+) [A-Z]+ ", told).group(1)) <= MOST_EXPOSED, f"hardening was lost: {told}")


def add_servers(host, folder):
    """A server in Node.js, which compiles while it runs and writes to a declared folder; and one in Python, in a network of
    its own with one host."""
    root = host.machine.path
    node = subprocess.run([SOURCE / "scripts/node", SOURCE / "build"], check=True, capture_output=True, text=True).stdout.strip()
    if not node.startswith("/usr"):
        shutil.copy(f"{node}/node", root("/usr/local/bin/node"))
    subprocess.run([SOURCE / "scripts/npm-install", "build", "demo"], cwd=SOURCE, check=True)
    shutil.copytree(SOURCE / "build/npm/demo", root("/opt/mcp"))
    shutil.copy(HERE.parent / "hostile_child/server.py", root("/opt/mcp/server.py"))
    host.run("install", "--directory", "--owner=remit", "--group=remit", "/srv/notes", "/srv/keys")
    root("/srv/notes/todo.txt").write_text("Buy milk.")

    for human in ["ana@acme.test", "raj@acme.test"]:
        host.remit("human", "add", human)
    env, by = ["--env", "production"], ["--by", "raj@acme.test"]
    owner = ["--owner", "ana@acme.test"]
    host.remit("agent", "register", "keeper", *env, *owner, "--purpose", "Keep the notes", "--process", "office", "--key-out",
               "/srv/keys/keeper.jwk")
    host.remit("agent", "approve", "keeper", *env, *by)
    host.remit("destination", "add", "notes", *env, *owner, *by, "--data-class", "internal", "--reads", "/opt/mcp", "--writes",
               "/srv/notes", "--command", "--", "node",
               "/opt/mcp/node_modules/@modelcontextprotocol/server-filesystem/dist/index.js", "/srv/notes")
    host.remit("destination", "add", "single", *env, *owner, *by, "--data-class", "internal", "--reads", "/opt/mcp",
               "--network", "localhost:7420", "--command", "--", "/usr/bin/python3", "-I", "/opt/mcp/server.py")
    for tool in ["notes/write_file", "single/attempt"]:
        host.remit("tool", "classify", tool, *env, "--effect", "update", "--data-class", "internal", *by)
        host.remit("tool", "grant", tool, *env, "--agent", "keeper", *by)


def called(host):
    code, said = host.call("write_file", {"path": "/srv/notes/new.txt", "content": "written"})
    expect(code == 0, f"a server over stdio does not work: exit {code}: {said}\n{host.journal()}")
    expect(host.machine.path("/srv/notes/new.txt").read_text() == "written", "nothing was written")
    for what, arguments, done in [("connect", ["localhost", 7420], True), ("connect", ["127.0.0.1", 9464], False),
                                  ("read", [f"{DATA}/vault.key"], False), ("write", ["/srv/notes/its", "x"], False)]:
        code, said = host.call("attempt", {"what": what, "arguments": json.dumps(arguments)})
        expect(code == 0, f"{what}: exit {code}: {said}\n{host.journal()}")
        expect(('"done": true' in said.replace("\\", "")) == done, f"{what} {arguments}: {said}")
    expect(host.call("read_text_file", {"path": "/srv/notes/todo.txt"})[0] == 5, "what was not granted was not refused")


def killed(host):
    """What kills it brings it back; what starting again does not mend does not."""
    before = host.unit("MainPID")
    host.run("systemctl", "kill", "--signal=KILL", "remit")
    wait_until(lambda: host.unit("MainPID") not in (before, "0") and host.unit("ActiveState") == "active",
               "it came back after a SIGKILL", 60)
    config = host.machine.path(CONFIG)
    good = config.read_text()
    config.write_text(good + "[limits]\nconections = 512\n")
    host.ask("systemctl", "restart", "remit")
    wait_until(lambda: host.unit("ActiveState") == "failed", "it does not start on half a configuration")
    expect("did you mean `connections`" in host.journal(), f"nothing says what is wrong:\n{host.journal()}")
    expect(host.unit("NRestarts") == "0", "systemd tries it again and again")
    config.write_text(good + "[limits]\nconnections = 512\n")
    host.run("systemctl", "restart", "remit")
    expect(re.search(r"connections\s+512\b", host.remit("status")), "its configuration is not in force")


def let_through(host):
    """The drop-in of docs/service.md: folders that the unit keeps away from the start."""
    root = host.machine.path
    host.run("install", "--directory", "--owner=remit", "/data/notes")
    shutil.copytree(root("/opt/mcp"), root("/home/ana/mcp"))
    drop_in = root("/etc/systemd/system/remit.service.d")
    drop_in.mkdir()
    (drop_in / "override.conf").write_text(blocks(PAGE, "ini")[0])
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "restart", "remit")
    env = ["--env", "production", "--by", "raj@acme.test"]
    host.remit("destination", "add", "far", *env, "--owner", "ana@acme.test", "--data-class", "internal", "--reads",
               "/home/ana/mcp", "--writes", "/data/notes", "--command", "--", "/usr/bin/python3", "-I", "/home/ana/mcp/server.py")
    host.remit("tool", "classify", "far/attempt", *env, "--effect", "update", "--data-class", "internal")
    host.remit("tool", "grant", "far/attempt", *env, "--agent", "keeper")
    code, said = host.call("far__attempt", {"what": "write", "arguments": json.dumps(["/data/notes/its", "written"])})
    expect(code == 0 and root("/data/notes/its").read_text() == "written", f"nothing was written: exit {code}: {said}")


def behind_nginx(host):
    """The configuration of docs/service.md, on both sides of the proxy: a call goes through TLS and the public name."""
    if host.ask("nginx", "-v")[0] != 0:
        print("there is no nginx here: its configuration is not tried")
        return
    root = host.machine.path
    before = root(CONFIG).read_text()
    root(CONFIG).write_text(blocks(PAGE, "toml")[0])
    root("/etc/nginx/nginx.conf").write_text("events {}\nhttp {\n" + blocks(PAGE, "nginx")[0] + "}\n")
    host.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=remit.example.com",
             "-addext", "subjectAltName=DNS:remit.example.com", "-keyout", "/etc/ssl/remit.key", "-out", "/etc/ssl/remit.pem")
    with open(root("/etc/hosts"), "a") as names, open(root("/etc/ssl/certs/ca-certificates.crt"), "a") as trusted:
        names.write("127.0.0.1 remit.example.com\n")
        trusted.write(root("/etc/ssl/remit.pem").read_text())
    host.run("systemd-run", "--quiet", "--unit=proxy", "nginx", "-g", "daemon off;")
    host.run("systemctl", "restart", "remit")
    expect("https://remit.example.com/mcp/production" in host.remit("status"), "it has another public address")
    code, said = host.call("write_file", {"path": "/srv/notes/proxied.txt", "content": "through nginx"})
    expect(code == 0 and root("/srv/notes/proxied.txt").read_text() == "through nginx",
           f"nothing came through: exit {code}: {said}\n{host.ask('journalctl', '--unit', 'proxy', '--no-pager')[1]}")
    host.run("systemctl", "stop", "proxy")
    root(CONFIG).write_text(before)
    host.run("systemctl", "restart", "remit")


def upgraded(host, package):
    """The data folder of 0.1 under the package before this one, and then this one: its configuration stays as it was edited."""
    host.run("systemctl", "stop", "remit")
    data = host.machine.path(DATA)
    shutil.rmtree(data)
    with tarfile.open(HERE.parent / "upgrade/data-0.1.tar.xz") as archive:
        archive.extractall(data.parent)
    (data.parent / "data").rename(data)
    host.run("chown", "--recursive", "remit:remit", DATA)
    host.run("systemctl", "start", "remit")
    before = host.unit("MainPID")
    install(host, package)
    host.expect_active("after the upgrade")
    expect(host.unit("MainPID") != before, "the program from before is still running")
    agents = host.remit("agent", "list")
    expect("clerk" in agents and world.OWNER in host.remit("human", "list"), f"nobody of 0.1 is there: {agents}")
    expect(re.search(r"connections\s+512\b", host.remit("status")), "its configuration was lost")
    host.remit("audit", "verify")


def removed(host):
    host.run("dpkg", "--remove", "remit")
    expect(host.ask("systemctl", "is-active", "remit")[0] != 0, "it still runs")
    expect(host.machine.path(CONFIG).exists(), "its configuration went with it")
    said = host.run("dpkg", "--purge", "remit")
    expect(not host.machine.path("/etc/remit").exists(), "its configuration is still there")
    expect(host.machine.path(f"{DATA}/audit.key").exists() and DATA in said, f"the log's key is gone, or nobody says that it stays: {said}")


def install(host, package):
    shutil.copy(package, host.machine.path("/run/remit.deb"))
    host.run("dpkg", "--force-confold", "--install", "/run/remit.deb")


def package_before(package, folder):
    """The same with a lower number, and another configuration file: metrics are on."""
    tree = folder / "before"
    dpkg_deb("--raw-extract", package, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", "Version: 0.0.1", control.read_text(), flags=re.MULTILINE))
    config = tree / "etc/remit/remit.toml"
    config.write_text(config.read_text().replace('# metrics_listen', 'metrics_listen'))
    (tree / "DEBIAN/md5sums").unlink(missing_ok=True)
    dpkg_deb("--root-owner-group", "--build", tree, folder / "before.deb")
    return folder / "before.deb"


def life(folder):
    if reason := why_not():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    package = build(folder)
    before = package_before(package, folder)
    with Machine() as machine:
        host = Host(machine)
        for name, step in [("installed", lambda: install(host, before)), ("started", lambda: started(host)),
                           ("servers added", lambda: add_servers(host, folder)), ("called", lambda: called(host)),
                           ("killed", lambda: killed(host)), ("called again", lambda: called(host)),
                           ("let through", lambda: let_through(host)), ("behind nginx", lambda: behind_nginx(host)),
                           ("upgraded", lambda: upgraded(host, package)), ("removed", lambda: removed(host))]:
            began = time.monotonic()
            step()
            print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)


def test():
    with tempfile.TemporaryDirectory(prefix="remit-package-") as folder:
        {"contents": contents, "life": life}[sys.argv[3]](pathlib.Path(folder))


main(test)
