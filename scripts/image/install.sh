#!/bin/sh
# Makes a minimal Debian root into the sandbox image: run as root inside it, both by
# Dockerfile.sandbox and by the build without a registry.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

cat >/etc/dpkg/dpkg.cfg.d/sandbox <<'CFG'
force-unsafe-io
path-exclude /usr/share/doc/*
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
CFG

apt-get update -q
apt-get upgrade -y -q
# shellcheck disable=SC2046 # one package a word
apt-get install -y -q --no-install-recommends $(cat /tmp/packages.txt)

groupadd --gid 10001 agent
useradd --uid 10001 --gid 10001 --create-home --shell /bin/bash agent
mkdir -p /workspace
chown agent:agent /workspace
# The engine mounts its init here; without the place it would write one into every container.
touch /usr/sbin/docker-init

# Nothing in a sandbox may raise its privileges, even where no-new-privileges were off.
find / -xdev -type f -perm /6000 -exec chmod a-s {} +

rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/locale/*
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /tmp/*
