# Run inside the sandbox by quickstart: shows the controls as the kernel there tells them.
# $1: the port of Risoluto's API on the host.
show() { printf '%-24s %s\n' "$1" "$2"; }
status() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
limit() { cat "/sys/fs/cgroup/$1" "/sys/fs/cgroup/$2" 2>/dev/null | head -n 1; }
mounted() { sed -n "s|^[^ ]* $1 \([^ ]*\) \([^, ]*\).*|\1, \2|p" /proc/mounts | tail -n 1; }
writes() { if touch "$1/.probe" 2>/tmp/why; then rm "$1/.probe"; echo allowed; else sed 's/.*: //' /tmp/why; fi; }
reaches() {
  if timeout 2 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/tmp/why-net; then echo REACHED; else echo blocked; fi
}

echo "the secret is here: ${#QUICKSTART_SECRET} characters, and printing it gives $QUICKSTART_SECRET"
sleep 0.4
digest=$(printf %s "$QUICKSTART_SECRET" | sha256sum)
echo "its SHA-256 is ${digest%% *}"
sleep 0.4
echo
show 'kernel' "$(uname -sr)"
show 'user and groups' "$(id)"
for name in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp; do
  show "$name" "$(status $name)"
done
show 'root filesystem' "$(mounted /)"
show 'write to /etc' "$(writes /etc)"
show 'write to /workspace' "$(writes /workspace)"
show '/tmp' "$(df -h --output=fstype,size /tmp | tail -n 1 | tr -s ' ')"
show 'processes at most' "$(limit pids.max pids/pids.max)"
show 'memory at most' "$(limit memory.max memory/memory.limit_in_bytes)"
show 'core files' "$(ulimit -c)"
show 'engine socket' "$(ls /var/run/docker.sock /run/docker.sock 2>/dev/null || echo none)"
gateway=$(awk '$2 == "00000000" { print $3; exit }' /proc/net/route)
[ -z "$gateway" ] || host=$((16#${gateway:6:2})).$((16#${gateway:4:2})).$((16#${gateway:2:2})).$((16#${gateway:0:2}))
if [ -n "$gateway" ]; then show 'to the host and its API' "$(reaches "$host" "$1")"; fi
show 'to cloud metadata' "$(reaches 169.254.169.254 80)"
