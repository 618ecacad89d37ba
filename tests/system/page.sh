# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Tables of the manual pages as data of the tests, so that neither can say another thing.

# page_rows PAGE HEADING: the rows of the table whose first column is called so, cells separated by
# tabs. (scdoc: "|  cell" begins a row, ":  cell" goes on with it, an empty line ends the table.)
page_rows()
{
	awk -v heading="[[ *$2*" '
		$0 == heading { table = 1; next }
		!table { next }
		/^\|/ || /^$/ { if (row != "") print row; row = "" }
		/^$/ { exit }
		/^\|/ { sub(/^\| */, ""); row = $0 }
		/^: / { sub(/^: */, ""); row = row "\t" $0 }
		END { if (row != "") print row }' "$1"
}

# errno_name TEXT: the name of the errno that a command has said, or what it said.
errno_name()
{
	case $1 in
	*"No such file or directory"*) echo ENOENT ;;
	*"Operation not permitted"*) echo EPERM ;;
	*"Permission denied"*) echo EACCES ;;
	*"Invalid argument"*) echo EINVAL ;;
	*"Argument list too long"*) echo E2BIG ;;
	*"Input/output error"*) echo EIO ;;
	*"Bad message"*) echo EBADMSG ;;
	*"Directory not empty"*) echo ENOTEMPTY ;;
	*"Invalid cross-device link"*) echo EXDEV ;;
	*"Read-only file system"*) echo EROFS ;;
	*) echo "$1" ;;
	esac
}
