#!/bin/sh
# Installs the Debian package on a bare Debian 12 and uses it there. Needs root, debootstrap and a Debian mirror.
# usage: bare.sh attn_VERSION_amd64.deb [FOLDER of a bookworm root made by `debootstrap --variant=minbase`, which is changed]
set -eu
package=$(realpath "$1")
root=${2:-$(mktemp -d)/root}
[ -d "$root/usr" ] || debootstrap --variant=minbase bookworm "$root"
inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# A program finds libraries beside itself through /proc.
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
cp "$package" "$root/attn.deb"
inside apt-get -qq update
inside apt-get -qq install -y --no-install-recommends /attn.deb
inside sh -c '! dpkg-query -W -f "\${Package}\n" | grep -iE "llvm|mlir|clang"'
inside attnc --version
inside attnc check /usr/share/attn/examples/causal.attn
inside attnc run /usr/share/attn/examples/sliding-window.attn --random --dims B=1,H=2,I=300,J=300,D=64 -p w=50 --check
inside sh -euc 'printf "mask = causal\n:dims B=1 H=1 I=4 J=4 D=8\n:random\n:check\n" | attnc repl'
inside attnc explain /usr/share/attn/examples/alibi.attn >/dev/null
inside attnc /usr/share/attn/examples/alibi.attn -o /tmp/alibi.o
inside test -s /tmp/alibi.h

# What a program that uses the package needs is a compiler and nothing of LLVM.
inside apt-get -qq install -y --no-install-recommends gcc g++ libc6-dev cmake make pkg-config man-db
inside sh -euc 'MANPAGER=cat man attnc | grep -q "attnc repl"'
cp -r "$(dirname "$0")/../../examples/embed-cmake" "$root/project"
inside sh -euc 'cd /project && cmake -B build >/dev/null && cmake --build build
  build/ahead && build/live recent.attn
  if cmake --build build | grep "Compiling the attention"; then echo "built anew without need"; exit 1; fi
  sleep 1 && echo "# edited" >> masks.attn && cmake --build build | grep "Compiling the attention"
  printf "#include <attn/attn.h>\n#include <stdio.h>\nint main(void) { puts(attn_version()); return 0; }\n" > v.c
  cc -std=c99 v.c -o v $(pkg-config --cflags --libs attn) && ./v
  attnc recent.attn --emit=so -o /tmp/recent.so && test -s /tmp/recent.so'
inside apt-get -qq remove -y attn
inside sh -c '! command -v attnc && test ! -e /usr/lib/attn'
echo "bare Debian 12: installed, used, removed"
