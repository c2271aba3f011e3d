#!/usr/bin/env bash
# From a fresh Debian 12 to a running compiler: see usage below, or run ./bootstrap.sh --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
usage: ./bootstrap.sh COMMAND

  demo     install what is missing, build, then compile a spec, run it, check it against
           the float64 oracle and show what the compiler understood
  build    install what is missing and build (release preset, programs in build/bin/)
  test     build and run every test; exit status 0 only if all pass
  help     this text

Installs Debian packages only where one is missing, as root or through sudo, and says which. With everything
installed it needs no network. ATTN_JOBS=N limits the compile jobs; ATTN_NO_INSTALL=1 never installs;
ATTN_VERIFY=ON checks the compiler's IR between all passes.
ATTN_PROGRAMS=DIR shows the demo with the programs in DIR instead of building.
TEXT
}

# What the project builds with, in the order of docs/architecture.md's table of dependencies.
packages=(
  clang-22 lld-22 libclang-rt-22-dev llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools
  cmake ninja-build ccache libfmt-dev libtbb-dev libdlpack-dev nlohmann-json3-dev libedit-dev libpng-dev zlib1g-dev catch2 pkgconf python3
)
# What only tests use: a C compiler and an emulator for another machine, a terminal emulator. Without them those tests are skipped.
test_packages=(qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross python3-pyte)
security_list=/etc/apt/sources.list.d/bookworm-security.list
missing=()

bold='' dim='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi
step() { printf '\n%s==>%s %s%s%s\n' "$green" "$plain" "$bold" "$1" "$plain"; }
fail() {
  printf '\n%sbootstrap.sh: %s%s\n' "$red" "$1" "$plain" >&2
  shift
  [ $# -eq 0 ] || printf '%s\n' "$@" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "need root to install packages, and there is no sudo" \
      "Run ./bootstrap.sh build once as root; afterwards any user can."
  fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
    -o Dpkg::Use-Pty=0 "$@"
}

has_candidate() { [[ $(LC_ALL=C apt-cache policy "$1" 2>/dev/null) =~ Candidate:\ [^\(] ]]; }

# LLVM 22 reached Debian 12 through its security suite. A stock installation has that suite; a bare debootstrap does not.
ensure_security_suite() {
  has_candidate libmlir-22-dev && return
  local codename=''
  # shellcheck source=/dev/null
  [ -r /etc/os-release ] && codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  if [ "$codename" != bookworm ]; then
    fail "apt knows no package libmlir-22-dev" \
      "LLVM and MLIR 22 are in Debian 12 (bookworm-security); this system is ${codename:-unknown}." \
      "Install LLVM, MLIR, clang and lld 22 another way, so that llvm-config-22 and clang-22 are on PATH, and set ATTN_NO_INSTALL=1."
  fi
  step "Adding Debian's security suite, which holds LLVM 22: $security_list"
  echo "    (to undo it: rm $security_list)"
  echo 'deb http://deb.debian.org/debian-security bookworm-security main' |
    as_root tee "$security_list" >/dev/null
  apt update || fail "apt-get update failed" "Check the network and $security_list, then run ./bootstrap.sh again."
  has_candidate libmlir-22-dev ||
    fail "apt still knows no package libmlir-22-dev" \
      "/etc/apt must offer the suite bookworm-security of Debian's security archive, from a mirror this machine can reach:" \
      "  deb http://deb.debian.org/debian-security bookworm-security main" "Then run ./bootstrap.sh again."
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_prerequisites() {
  missing=()
  local name
  if ! command -v dpkg-query >/dev/null || [ -n "${ATTN_NO_INSTALL:-}" ]; then
    for name in cmake ninja clang-22 clang++-22 lld-22 llvm-config-22 lit-22 python3; do
      command -v "$name" >/dev/null || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] || fail "these programs are missing: ${missing[*]}" \
      "On Debian 12 ./bootstrap.sh installs them itself (without ATTN_NO_INSTALL)."
    return
  fi
  for name in "${packages[@]}"; do
    is_installed "$name" || missing+=("$name")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "${dim}prerequisites: all ${#packages[@]} Debian packages are installed${plain}"
    return
  fi
  step "Installing ${#missing[@]} Debian packages (LLVM and MLIR 22 are large: about 1.5 GB on disk)"
  printf '    %s\n' "${missing[*]}"
  apt update || echo "    apt-get update failed; going on with the package lists that are here"
  ensure_security_suite
  apt install -y --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "installing the packages failed" "apt-get's message is above. Repair that, then run ./bootstrap.sh again."
}

# One job per core, but not more than memory allows: a source that includes MLIR takes about 1 GB to compile.
job_count() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/MemAvailable/ { print int($2 / 1200000) }' /proc/meminfo)
  [ "$memory" -ge 1 ] || memory=1
  echo $((cores < memory ? cores : memory))
}

build() {
  install_prerequisites
  local jobs=${ATTN_JOBS:-$(job_count)} began=$SECONDS
  step "Building with $jobs job(s) into build/ (programs in build/bin/)"
  local log=build/configure.log
  mkdir -p build
  if ! cmake --preset release -DATTN_VERIFY="${ATTN_VERIFY:-OFF}" >"$log" 2>&1; then
    cat "$log" >&2
    fail "configuring failed" "CMake's message is above. If build/ holds an older attempt, remove it and run again."
  fi
  cmake --build --preset release --parallel "$jobs" ||
    fail "the build failed" "The compiler's message is above."
  echo "${dim}built in $((SECONDS - began)) s${plain}"
}

show_command() {
  printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
  "$@"
}

demo() {
  [ -n "${ATTN_PROGRAMS:-}" ] || build
  PATH="${ATTN_PROGRAMS:-$PWD/build/bin}:$PATH"
  local spec=examples/sliding-window.attn dims=B=1,H=8,I=2048,J=2048,D=64

  step "A variant is a few lines: $spec"
  sed 's/^/    /' "$spec"

  step "Compile it, run it on random tensors, check every row against the float64 oracle"
  show_command attnc run "$spec" --random --dims B=2,H=8,I=500,J=500,D=64 -p w=128 --check

  step "What the compiler understood: no block mask to build, no hint to give"
  show_command attnc explain "$spec" --dims "$dims" -p w=256

  step "How fast: beside the FMA peak of this machine, measured in the same process"
  show_command attnc bench "$spec" --dims "$dims" -p w=256

  step "And when you slip: the same spec with a typo"
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  sed 's/window(w)/windw(w)/' "$spec" >"$scratch/typo.attn"
  printf '\n%s$ attnc check typo.attn%s\n' "$bold" "$plain"
  if (cd "$scratch" && attnc check typo.attn); then
    fail "attnc accepted the typo"
  fi

  step "Now yours"
  cat <<TEXT
    export PATH="\$PWD/build/bin:\$PATH"
    \$EDITOR $spec                # change the mask, add "score = dot(q, k) / sqrt(D) |> softcap(50.0)", …
    attnc run $spec --random --dims B=1,H=8,I=1024,J=1024,D=64 --check
    attnc $spec -o window.o      # an object file and a C header; examples/embed-c links one

    examples/     $(find examples/ -name '*.attn' | wc -l) variants, each with its formula and paper
    docs/         language.md is the reference, architecture.md the way through the source
TEXT
}

run_tests() {
  packages+=("${test_packages[@]}")
  build
  step "Running the tests"
  ctest --preset release --parallel "$(nproc)"
}

case ${1:-} in
  demo | build) [ $# -eq 1 ] || { usage >&2; exit 2; }; "$1" ;;
  test) [ $# -eq 1 ] || { usage >&2; exit 2; }; run_tests ;;
  help | -h | --help) usage ;;
  '') usage >&2; exit 2 ;;
  *) echo "bootstrap.sh: unknown command '$1'" >&2; usage >&2; exit 2 ;;
esac
