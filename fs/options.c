// SPDX-License-Identifier: BSD-2-Clause
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fuse_log.h>

enum option_key { KEY_IGNORE, KEY_HELP, KEY_VERSION, KEY_REMOUNT };

#define OPTION(text, field)                                                                        \
	{                                                                                          \
		text, offsetof(struct options, field), 1                                           \
	}
#define IGNORED(text) FUSE_OPT_KEY(text, KEY_IGNORE)
#define REFUSED(text) FUSE_OPT_KEY(text, KEY_REMOUNT)

struct parsing {
	struct options options;	     /* first: fuse_opt's offsets count from here */
	char *timeout, *max_threads; /* fuse_opt's own %lf and %u would take "5x" for 5 */
	struct fault *fault;
};

static const struct fuse_opt option_table[] = {
	FUSE_OPT_KEY("-h", KEY_HELP),
	FUSE_OPT_KEY("--help", KEY_HELP),
	FUSE_OPT_KEY("-V", KEY_VERSION),
	FUSE_OPT_KEY("--version", KEY_VERSION),
	OPTION("-f", foreground),
	OPTION("-d", debug),
	OPTION("debug", debug),
	OPTION("-s", single_thread),
	OPTION("ro", read_only),
	OPTION("rw", read_write),
	OPTION("allow_other", allow_other),
	OPTION("default_permissions", default_permissions),
	OPTION("streams", streams),
	{"formats=%s", offsetof(struct options, formats), 0},
	{"keys=%s", offsetof(struct options, keys), 0},
	{"timeout=%s", offsetof(struct parsing, timeout), 0},
	{"max_threads=%s", offsetof(struct parsing, max_threads), 0},
	/* fstab's words and mount(8)'s defaults, which say nothing to a filesystem */
	IGNORED("auto"),
	IGNORED("noauto"),
	IGNORED("user"),
	IGNORED("nouser"),
	IGNORED("users"),
	IGNORED("owner"),
	IGNORED("group"),
	IGNORED("defaults"),
	IGNORED("_netdev"),
	IGNORED("nofail"),
	IGNORED("x-"),
	IGNORED("comment="),
	/* of times of access, which nothing here has, and what mount(8) knows beside */
	IGNORED("diratime"),
	IGNORED("nodiratime"),
	IGNORED("relatime"),
	IGNORED("norelatime"),
	IGNORED("strictatime"),
	IGNORED("nostrictatime"),
	IGNORED("lazytime"),
	IGNORED("nolazytime"),
	IGNORED("iversion"),
	IGNORED("noiversion"),
	IGNORED("mand"),
	IGNORED("nomand"),
	IGNORED("silent"),
	IGNORED("loud"),
	REFUSED("remount"),
	FUSE_OPT_END,
};

static int take_word(struct options *options, const char *word, struct fault *fault)
{
	char **place = !options->source ? &options->source : &options->mountpoint;
	if (*place)
		return fault_set(fault, EINVAL, "one argument too many: \"%s\"", word);
	*place = strdup(word);
	return *place ? 0 : fault_set(fault, ENOMEM, "out of memory");
}

static int take_argument(void *data, const char *argument, int key, struct fuse_args *rest)
{
	struct parsing *parsing = data;
	switch (key) {
	case KEY_IGNORE:
		return 0;
	case KEY_HELP:
		parsing->options.help = 1;
		return 0;
	case KEY_VERSION:
		parsing->options.version = 1;
		return 0;
	case KEY_REMOUNT:
		fault_set(parsing->fault, EINVAL,
			  "what is mounted keeps its options; the kernel's own (ro, rw, nosuid) "
			  "change with mount -i -o remount,...");
		return -1;
	case FUSE_OPT_KEY_NONOPT:
		return take_word(&parsing->options, argument, parsing->fault) ? -1 : 0;
	default:
		/* fstab's "x-systemd.automount" and the like */
		return strncmp(argument, "x-", 2) == 0 || strncmp(argument, "comment=", 8) == 0 ? 0
												: 1;
	}
}

static int check(const struct options *options, struct fault *fault)
{
	if (options->help || options->version)
		return 0;
	if (!options->source || !*options->source)
		return fault_set(fault, EINVAL,
				 "no SOURCE given: a directory on bpffs, emu, "
				 "emu:SCENARIO.json or image:DIR");
	if (!options->mountpoint || !*options->mountpoint)
		return fault_set(fault, EINVAL, "no MOUNTPOINT given: a directory to mount on");
	if (options->keys && strcmp(options->keys, "auto") != 0 &&
	    strcmp(options->keys, "hex") != 0)
		return fault_set(fault, EINVAL, "expected keys=auto or keys=hex, got keys=%s",
				 options->keys);
	if (options->read_only && options->read_write)
		return fault_set(fault, EINVAL, "both ro and rw are given");
	return 0;
}

static int take_timeout(const char *text, double *seconds, struct fault *fault)
{
	char *end;
	*seconds = strtod(text, &end);
	if (end == text || *end || !(*seconds >= 0 && *seconds <= 1e9))
		return fault_set(fault, EINVAL, "timeout= is a number of seconds, not %s", text);
	return 0;
}

static int take_threads(const char *text, unsigned *threads, struct fault *fault)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || number > THREADS_MAX)
		return fault_set(fault, EINVAL,
				 "max_threads= is at most %u (0: the number of CPUs), not %s",
				 THREADS_MAX, text);
	*threads = (unsigned)number;
	return 0;
}

/* libfuse tells what is wrong with an option to its log alone. */
static _Thread_local struct fault *log_fault;

static void keep_log(enum fuse_log_level level, const char *format, va_list arguments)
{
	char text[FAULT_TEXT_MAX];
	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	fault_set(log_fault, EINVAL, "%s", text + (strncmp(text, "fuse: ", 6) ? 0 : 6));
}

int options_parse(struct options *options, struct fuse_args *args, struct fault *fault)
{
	struct parsing parsing = {.options.timeout = TIMEOUT_NOT_GIVEN, .fault = fault};
	int rc = 0;
	log_fault = fault;
	fuse_set_log_func(keep_log);
	if (fuse_opt_parse(args, &parsing, option_table, take_argument))
		rc = fault && fault->text[0] ? -EINVAL
					     : fault_set(fault, EINVAL, "an option cannot be read");
	fuse_set_log_func(NULL);
	*options = parsing.options;
	if (!rc && parsing.timeout)
		rc = take_timeout(parsing.timeout, &options->timeout, fault);
	if (!rc && parsing.max_threads)
		rc = take_threads(parsing.max_threads, &options->max_threads, fault);
	free(parsing.timeout);
	free(parsing.max_threads);
	options->foreground |= options->debug;
	options->default_permissions |= options->allow_other;
	return rc ? rc : check(options, fault);
}

void options_free(struct options *options)
{
	free(options->source);
	free(options->mountpoint);
	free(options->formats);
	free(options->keys);
}

void options_usage(void)
{
	puts("usage: bpfuse SOURCE MOUNTPOINT [-f] [-d] [-s] [-o opt,...]\n"
	     "\n"
	     "SOURCE is a directory on bpffs (usually /sys/fs/bpf), emu, emu:SCENARIO.json or "
	     "image:DIR.\n"
	     "\n"
	     "  -f                    stay in the foreground\n"
	     "  -d                    print every request (implies -f)\n"
	     "  -s                    serve with one thread\n"
	     "  -h, -V                this text; the version\n"
	     "\n"
	     "  -o ro, -o rw          refuse every change; allow changes of an image\n"
	     "  -o allow_other        let other users in, as far as modes and owners let them\n"
	     "  -o default_permissions\n"
	     "                        the same for the mounting user\n"
	     "  -o streams            allow reading ring buffers and perf event arrays\n"
	     "  -o formats=FILE       types of keys and values, by patterns of map names\n"
	     "  -o keys=auto|hex      names of keys by type, or as bytes\n"
	     "  -o timeout=SECONDS    how long existence and size may be cached\n"
	     "                        (default: existence for 1, size not at all)\n"
	     "  -o max_threads=N      workers (default: the number of CPUs, 2 to 8; emulated: 64)\n"
	     "and FUSE's own options. Unmount: umount MOUNTPOINT, fusermount3 -u MOUNTPOINT.");
}
