#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What `meson install` puts where, and that it is of use there: a program is compiled with the
# installed headers, linked with the installed library by its pkg-config file, and run.
#   install.sh BUILD-TREE COMPILER-OPTION
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
build=$1
option=$2
root=$scratch/root
prefix=$(meson introspect "$build" --buildoptions |
	python3 -c 'import json, sys; print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')

check "meson install" env DESTDIR="$root" meson install -C "$build" --no-rebuild --quiet
place=$root$prefix
read -r -a compiler <<<"${CC:-cc} -std=gnu11 -Wall -Wextra -Werror $option"
library=$(find "$place" -name libbpfuse.so)
libraries=$(dirname "$library")

for program in sbin/bpfuse bin/bpfsnap libexec/bpfuse-clean; do
	check "$program can be run" test -x "$place/$program"
done
for page in man8/bpfuse.8 man8/bpfsnap.8 man5/bpfuse-formats.5 man5/bpfuse-scenario.5; do
	check "share/man/$page" test -s "$place/share/man/$page"
done
for command in bpfuse bpfsnap; do
	check "completion of $command" test -s "$place/share/bash-completion/completions/$command"
done
unit=$(find "$root" -name 'bpfuse@.service')
check "the unit starts the installed program" grep -q "^ExecStart=$prefix/sbin/bpfuse " "$unit"
check "and cleans with the installed cleaner" grep -q "^ExecStopPost=-$prefix/libexec/bpfuse-clean " "$unit"

# __odr_asan... are AddressSanitizer's.
nm -D --defined-only "$library" | awk '$3 !~ /^__/ { print $3 }' | sort >"$scratch/exported"
sed -n '/^static inline/d; s/^[a-z][^(]*[ *]\([a-z][a-z0-9_]*\)(.*/\1/p' "$place"/include/bpfuse/*.h |
	sort -u >"$scratch/declared"
expect "the library exports what its headers declare, and nothing else" "" \
	"$(comm -3 "$scratch/exported" "$scratch/declared")"
expect "the library's soname" libbpfuse.so.0 \
	"$(objdump -p "$library" | awk '$1 == "SONAME" { print $2 }')"
check "is a file there" test -e "$libraries/libbpfuse.so.0"

for header in "$place"/include/bpfuse/*.h; do
	check "<bpfuse/$(basename "$header")> stands by itself, twice" "${compiler[@]}" -fsyntax-only \
		-I"$place/include" -include "$header" -include "$header" -x c /dev/null
done

# Not the prefix of this machine: what pkg-config says of the tree below $root.
package()
{
	PKG_CONFIG_LIBDIR=$libraries/pkgconfig:$(pkg-config --variable pc_path pkg-config) \
		PKG_CONFIG_SYSROOT_DIR='' pkg-config --define-variable=prefix="$place" "$@" bpfuse
}
expect "the pkg-config file's version" "$(meson introspect "$build" --projectinfo |
	python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])')" "$(package --modversion)"

cat >"$scratch/use.c" <<'END'
#include <stdio.h>
#include <bpfuse/backend.h>

int main(void)
{
	struct fault fault = {0};
	struct backend *backend;

	if (backend_open("emu", &(struct backend_options){0}, &backend, &fault)) {
		puts(fault.text);
		return 1;
	}
	backend_close(backend);
	puts("opened");
	return 0;
}
END
# shellcheck disable=SC2046
check "a program compiles and links against it" "${compiler[@]}" -o "$scratch/use" "$scratch/use.c" \
	$(package --cflags --libs)
expect "and runs" opened "$(LD_LIBRARY_PATH=$libraries "$scratch/use" 2>&1)"
finish
