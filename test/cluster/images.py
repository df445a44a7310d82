#!/usr/bin/env python3
"""Images of our programs for a test's cluster, made of what was built on this machine.

    images.operator(cluster)  # -> "localhost/trainyard-operator:0.1.0"
    images.digits(cluster)    # -> "localhost/digits:test"

A program comes with the shared libraries that it needs, and runs as nobody in particular. The
archive is kept in the cache of cluster.sh until the program or a library changes: TensorFlow's take
seconds to pack.
"""

import hashlib
import os
import pathlib
import re
import shutil
import tempfile

import harness
from harness import BIN_DIR, ROOT

CACHE = (
    pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    / "trainyard-k8s/images"
)
CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
PASSWD = "root:x:0:0:root:/:/bin/false\nnonroot:x:65532:65532:nonroot:/:/bin/false\n"
NEEDED = re.compile(r"^\s*(?:(\S+) => )?(/\S+) \(0x")


def operator(cluster):
    """As deploy/operator/deployment.yaml names it."""
    found = re.search(r"image: (\S+)", (ROOT / "deploy/operator/deployment.yaml").read_text())
    return make(cluster, found[1], BIN_DIR / "trainyard-operator")


def digits(cluster):
    """The training program of the example. Its data is 55 MB: mount data_dir() as a hostPath."""
    return make(cluster, "localhost/digits:test", BIN_DIR / "digits")


def data_dir():
    """MNIST, for $TRAINYARD_DATA."""
    deps = pathlib.Path(os.environ.get("TRAINYARD_DEPS_DIR", ROOT / ".deps"))
    return (deps / "mnist").resolve()


def make(cluster, name, program):
    """Loads the image of one program into all nodes of the cluster, and returns its name."""
    files = contents(program)
    archive = CACHE / fingerprint(name, files) / f"{name.replace('/', '_').replace(':', '_')}.tar"
    if archive.exists():
        cluster.sh("load", archive)
        return name
    with tempfile.TemporaryDirectory(dir=cluster.state) as folder:
        fill(pathlib.Path(folder), files)
        cluster.sh("image", name, folder, f"/usr/bin/{program.name}")
    keep(cluster.state / "images" / archive.name, archive)
    return name


def contents(program):
    """{path in the image: file here} of the program and all that it loads."""
    files = {f"usr/bin/{program.name}": program.resolve()}
    for line in harness.run(["ldd", program]).splitlines():
        if found := NEEDED.match(line):
            name, path = found.groups()
            # The loader has a fixed place; it looks for everything else there as well.
            files[f"usr/lib/{name}" if name else path.lstrip("/")] = pathlib.Path(path).resolve()
    if CERTIFICATES.exists():
        files[str(CERTIFICATES).lstrip("/")] = CERTIFICATES.resolve()
    return files


def fingerprint(name, files):
    """Changes with any file, without reading hundreds of megabytes."""
    digest = hashlib.sha256(name.encode())
    for path, file in sorted(files.items()):
        about = file.stat()
        digest.update(f"{path} {file} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:20]


def fill(folder, files):
    folder.chmod(0o755)
    for path, file in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(file, folder / path)
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "etc/passwd").write_text(PASSWD)
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o1777)


def keep(made, archive):
    """For the next cluster; the one for an older program goes."""
    for old in CACHE.glob(f"*/{archive.name}"):
        shutil.rmtree(old.parent)
    archive.parent.mkdir(parents=True)
    link_or_copy(made, archive)


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)
