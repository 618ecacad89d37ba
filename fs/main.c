// SPDX-License-Identifier: BSD-2-Clause
/* bpfuse: mounts BPF objects as files. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <bpfuse/buffer.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/standard_files.h>
#include "daemon.h"
#include "evict.h"
#include "filesystem.h"
#include "mountpoint.h"
#include "operations.h"
#include "privilege.h"
#include "session.h"
#include "unmounter.h"

static int complain(const struct fault *fault)
{
	struct buffer line = BUFFER_INIT;
	buffer_append_printable(&line, fault->text, FAULT_TEXT_MAX);
	fprintf(stderr, "bpfuse: %s\n", line.data ? line.data : fault->text);
	buffer_free(&line);
	return EXIT_FAILURE;
}

/* --- what libfuse has to say: into our one line --- */

static char last_message[FAULT_TEXT_MAX];
static bool last_message_ended;

/* A line may come in parts: the unknown options do, one by one. */
static void keep_message(enum fuse_log_level level, const char *format, va_list arguments)
{
	if (level > FUSE_LOG_WARNING)
		return;
	if (last_message_ended)
		*last_message = '\0';
	size_t length = strlen(last_message);
	vsnprintf(last_message + length, sizeof(last_message) - length, format, arguments);
	size_t line = strcspn(last_message, "\n");
	last_message_ended = last_message[line] == '\n';
	last_message[line] = '\0';
}

static const char *last_words(const char *otherwise)
{
	const char *words = last_message + (strncmp(last_message, "fuse: ", 6) ? 0 : 6);
	return *words ? words : otherwise;
}

/* fusermount3 writes to stderr by itself: it writes into a file meanwhile. */
static int mount_quietly(struct fuse_session *session, const char *mountpoint)
{
	cleanup_close int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	cleanup_close int file = memfd_create("stderr", MFD_CLOEXEC);
	if (saved >= 0 && file >= 0)
		dup2(file, STDERR_FILENO);
	int rc = fuse_session_mount(session, mountpoint);
	if (saved < 0 || file < 0)
		return rc;
	dup2(saved, STDERR_FILENO);
	ssize_t got = pread(file, last_message, sizeof(last_message) - 1, 0);
	if (got > 0) {
		last_message[got] = '\0';
		last_message[strcspn(last_message, "\n")] = '\0';
	}
	return rc;
}

static int check_device(struct fault *fault)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		return fault_set(fault, errno,
				 "/dev/fuse is missing: load the module (modprobe fuse)");
	/* fusermount3 would open it with the rights of who calls it. */
	if (errno == EACCES || errno == EPERM)
		return fault_set(fault, errno,
				 "/dev/fuse cannot be opened: %s; let all users read and write "
				 "it (chmod 666 /dev/fuse), or mount as root",
				 strerror(errno));
	return 0;
}

/* --- the session --- */

static int add_option(struct fuse_args *args, const char *format, const char *value)
{
	cleanup_free char *option = NULL;
	if (asprintf(&option, format, value) < 0)
		return -ENOMEM;
	return fuse_opt_add_arg(args, "-o") || fuse_opt_add_arg(args, option) ? -ENOMEM : 0;
}

/*
 * SOURCE with the whole path of its directory: bpfsnap finds by it the bpffs or the snapshot that
 * is behind a mount. NULL: there is no directory in it, or no memory.
 */
static char *source_name(const char *source)
{
	const char *word = strncmp(source, "image:", 6) == 0 ? "image:" : "";
	if (strcmp(source, "emu") == 0 || strncmp(source, "emu:", 4) == 0)
		return NULL;
	cleanup_free char *directory = realpath(source + strlen(word), NULL);
	char *name = NULL;
	return directory && asprintf(&name, "%s%s", word, directory) > 0 ? name : NULL;
}

/* Commas in the source's name would end the option. */
static int add_source(struct fuse_args *args, const char *source)
{
	cleanup_free char *name = malloc(2 * strlen(source) + 1);
	if (!name)
		return -ENOMEM;
	char *out = name;
	for (; *source; source++) {
		if (*source == ',' || *source == '\\')
			*out++ = '\\';
		*out++ = *source;
	}
	*out = '\0';
	return add_option(args, "fsname=%s,subtype=bpfuse", name);
}

static int add_session_options(struct fuse_args *args, const struct filesystem *fs)
{
	const struct options *options = &fs->options;
	int rc = add_source(args, fs->source);
	if (!rc && (options->default_permissions || session_checks_modes(options->allow_other)))
		rc = add_option(args, "%s", "default_permissions");
	if (!rc && options->allow_other)
		rc = add_option(args, "%s", "allow_other");
	if (!rc && fs->backend->read_only)
		rc = add_option(args, "%s", "ro");
	if (!rc && options->debug)
		rc = fuse_opt_add_arg(args, "-d") ? -ENOMEM : 0;
	return rc;
}

/* A shell starts background jobs with SIGINT ignored, and libfuse leaves it so. */
static void reset_signals(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

static int session_start(struct filesystem *fs, struct fuse_args *args, const char *mountpoint,
			 struct fault *fault)
{
	if (!fs->options.debug)
		fuse_set_log_func(keep_message);
	int rc = check_device(fault);
	if (!rc && add_session_options(args, fs))
		rc = fault_set(fault, ENOMEM, "out of memory");
	if (rc)
		return rc;
	fs->session = fuse_session_new(args, &operations, sizeof(operations), fs);
	if (!fs->session)
		return fault_set(fault, EINVAL, "%s (bpfuse -h lists the options)",
				 last_words("FUSE refuses these options"));
	reset_signals();
	if (fuse_set_signal_handlers(fs->session))
		return fault_set(fault, EINVAL, "cannot set signal handlers");
	if (mount_quietly(fs->session, mountpoint))
		return fault_set(fault, EPERM, "cannot mount at %s: %s", mountpoint,
				 last_words("FUSE refuses"));
	if (session_complete_init(fs->session)) {
		fuse_session_unmount(fs->session);
		return fault_set(fault, ENOMEM, "out of memory");
	}
	return 0;
}

static bool is_unmounted(struct fuse_session *session)
{
	struct pollfd fd = {.fd = fuse_session_fd(session)};
	return poll(&fd, 1, 0) == 1 && fd.revents & POLLERR;
}

/* Every thread is started behind this: capabilities and the filter are inherited. */
static int give_up_privilege(const struct filesystem *fs, struct fault *fault)
{
	const struct privilege_needs needs = {
		.kernel = strcmp(fs->backend->ops->name, "kernel") == 0,
		.writing = !fs->backend->read_only,
	};
	return privilege_drop(&needs, fault);
}

static int run(struct filesystem *fs, struct fault *fault)
{
	int rc = filesystem_start(fs, fault);
	if (rc)
		return rc;
	struct evictor *evictor = NULL;
	rc = evictor_start(fs, &evictor);
	if (rc)
		return fault_set(fault, -rc, "cannot start a thread: %s", strerror(-rc));
	rc = fs->options.single_thread
		     ? fuse_session_loop(fs->session)
		     : session_loop(fs->session, fs->options.max_threads, !fs->backend->read_only);
	daemon_stopping(fs->daemon);
	filesystem_stop(fs);
	evictor_stop(evictor);
	if (rc < 0)
		return fault_set(fault, -rc, "the connection to the kernel broke: %s",
				 strerror(-rc));
	return 0; /* unmounted, or ended by a signal */
}

static int serve_mounted(struct filesystem *fs, const char *mountpoint, struct fault *fault)
{
	struct unmounter unmounter;
	int rc = unmounter_start(&unmounter, mountpoint);
	if (rc) {
		fuse_session_unmount(fs->session);
		return fault_set(fault, -rc, "cannot start a process: %s", strerror(-rc));
	}
	rc = give_up_privilege(fs, fault);
	if (!rc)
		rc = run(fs, fault);
	unmounter_finish(&unmounter, !is_unmounted(fs->session));
	/*
	 * Somebody may still have a file open there: the mount is no longer at its place, but
	 * libfuse would try to take it away once more, and say on stderr that it may not.
	 */
	if (is_unmounted(fs->session))
		fuse_session_unmount(fs->session);
	return rc;
}

static int serve(struct filesystem *fs, struct fuse_args *args, const char *mountpoint,
		 struct fault *fault)
{
	int rc = session_start(fs, args, mountpoint, fault);
	if (!rc)
		rc = serve_mounted(fs, mountpoint, fault);
	if (fs->session) {
		fuse_remove_signal_handlers(fs->session);
		fuse_session_destroy(fs->session);
	}
	return rc;
}

static void raise_file_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int mount_and_serve(const struct options *options, struct fuse_args *args,
			   struct fault *fault)
{
	struct filesystem fs = {0};
	struct daemon daemon;
	cleanup_free char *mountpoint = NULL;
	int rc = daemon_start(&daemon, options->foreground);
	if (rc)
		return fault_set(fault, -rc, "cannot start a process: %s", strerror(-rc));
	cleanup_free char *source = source_name(options->source);
	fs.daemon = &daemon;
	fs.source = source ? source : options->source;
	raise_file_limit();
	rc = mountpoint_prepare(options->mountpoint, options->source, &mountpoint, fault);
	if (!rc)
		rc = filesystem_open(&fs, options, mountpoint, fault);
	if (!rc && chdir("/"))
		rc = fault_set(fault, errno, "cannot go to /: %s", strerror(errno));
	umask(0);
	if (!rc)
		rc = serve(&fs, args, mountpoint, fault);
	filesystem_close(&fs);
	return rc;
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct options options;
	struct fault fault = FAULT_INIT;
	int status = EXIT_SUCCESS;
	standard_files_take();
	if (options_parse(&options, &args, &fault))
		status = complain(&fault);
	else if (options.help)
		options_usage();
	else if (options.version)
		puts("bpfuse " BPFUSE_VERSION);
	else if (mount_and_serve(&options, &args, &fault))
		status = complain(&fault);
	if (fflush(stdout) && !status) {
		fault_set(&fault, EIO, "standard output cannot be written: %s", strerror(errno));
		status = complain(&fault);
	}
	options_free(&options);
	fuse_opt_free_args(&args);
	return status;
}
