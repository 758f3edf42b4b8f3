# Sourced by the scripts of Tests and examples: where the tools are, and the release binary.

# A clean environment may lack the administrator's directories and the Swift toolchain.
PATH="$PATH:/usr/sbin:/sbin"
for directory in "${HOME:-}/.local/share/swiftly/bin" /opt/swift/usr/bin /usr/local/swift/usr/bin; do
  command -v swift >/dev/null && break
  [[ -x $directory/swift ]] && PATH="$PATH:$directory"
done
unset directory
export PATH

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Prints the path of the clang that comes with Swift, or of another one.
find_clang() {
  command -v clang && return
  local beside
  beside=$(dirname "$(realpath "$(command -v swift)")")/clang
  [[ -x $beside ]] || die "no clang: it is part of the Swift toolchain"
  printf '%s\n' "$beside"
}

# Sets BPFAPPLY to the static release binary, built unless BPFAPPLY names one already.
release_binary() { # ROOT
  local flags=(--package-path "$1" -c release -Xswiftc -static-executable)
  if [[ -z ${BPFAPPLY:-} ]]; then
    echo "Building bpfapply (the first build takes some minutes) …" >&2
    swift build "${flags[@]}" --product bpfapply >&2
    BPFAPPLY=$(swift build "${flags[@]}" --show-bin-path)/bpfapply
  fi
  [[ -x $BPFAPPLY ]] || die "$BPFAPPLY is no program"
  BPFAPPLY=$(realpath "$BPFAPPLY")
}
