#!/usr/bin/env bash
# Makes DIR a small Arm system to emulate: Python and onnxruntime for 64-bit Arm, and the plugin that counts.
# Wants Debian or a kin of it as root, with qemu-user and gcc:   bash setup.sh DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
cd "$1"
gcc -O2 -shared -fPIC -o libcount.so "$here/count.c"
dpkg --add-architecture arm64
trap 'dpkg --remove-architecture arm64' EXIT
apt-get -qq update
mkdir -p debs root site
(cd debs && apt-get -qq download {libc6,libpython3.11-minimal,python3.11-minimal,libpython3.11-stdlib,libstdc++6}:arm64 \
  {libgcc-s1,zlib1g,libexpat1,libffi8,libssl3,libbz2-1.0,liblzma5,libcrypt1}:arm64)
for package in debs/*.deb; do dpkg-deb -x "$package" root; done
onnxruntime=$(python -c "import onnxruntime; print(onnxruntime.__version__)")
python -m pip install -q --target site --upgrade --only-binary=:all: --implementation cp --python-version 3.11 \
  --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux_2_17_aarch64 \
  --platform manylinux2014_aarch64 "onnxruntime==$onnxruntime" "numpy==2.*"
