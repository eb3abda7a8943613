#!/bin/sh
# Copies sh, ip, nft and conntrack, the few programs that the helper’s loop calls, and the libraries
# that they load into the directory $1: the whole content of the fence helper’s image.
set -eu
out=$1
mkdir -p "$out/usr/bin" "$out/usr/lib" "$out/usr/sbin" "$out/etc" "$out/run" "$out/tmp"
ln -s usr/bin "$out/bin"
ln -s usr/sbin "$out/sbin"
ln -s usr/lib "$out/lib"
ln -s usr/lib "$out/lib64"
for program in sh nft conntrack ip base64 timeout grep cat sleep; do
  path=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$program")
  cp -L "$path" "$out/usr/bin/$program"
  ldd "$path" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
    target="$out/usr/lib${library#*/lib}"
    case $library in */lib64/*) target="$out/usr/lib/${library##*/}" ;; esac
    mkdir -p "$(dirname "$target")"
    cp -L "$library" "$target"
  done
done
