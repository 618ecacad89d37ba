// SPDX-License-Identifier: BSD-2-Clause
#include <fcntl.h>
#include <unistd.h>
#include <bpfuse/standard_files.h>

void standard_files_take(void)
{
	/* open(2) gives the lowest number that is free */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}
