/** Lines of `/proc/self/status` as `status:NAME VALUE`; no line for one that the kernel does not show. */
export function statusScript(names: readonly string[]): string {
  return `for name in ${names.join(' ')}; do
  value=$(sed -n "s/^$name:[[:space:]]*//p" /proc/self/status) && [ -n "$value" ] && echo "status:$name $value"
done; true`;
}
