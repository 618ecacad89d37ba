/* SPDX-License-Identifier: BSD-2-Clause */
/* What the verbs of bpfsnap share: exit statuses, options, messages, progress, streams. */
#ifndef BPFSNAP_H
#define BPFSNAP_H

#include <stdbool.h>
#include <bpfuse/snapshot.h>

enum {
	EXIT_COMPLETE = 0,
	EXIT_FAILED = 1, /* and nothing was changed */
	EXIT_USAGE = 2,
	EXIT_OMITTED = 3, /* complete but for omissions that were listed */
};

/* argv[0] is the verb; the exit status. */
typedef int verb_function(int argc, char **argv);
verb_function verb_dump, verb_restore, verb_show, verb_diff, verb_verify, verb_export;

/* One line on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* `status`, or with a complaint `failed`, if standard output did not take all that was printed. */
int output_end(int status, int failed);
/* The usage of the verb, after a complaint. EXIT_USAGE. */
int usage(const char *verb);
/* Notes and omissions of a report on stderr; `verb`: what was not done with them. */
void tell_report(const snapshot_report *report, const char *verb, bool quiet);

#define LIST_MAX 64
struct verb_list {
	const char *items[LIST_MAX + 1]; /* NULL behind the last */
};

/* An option of a verb, and the variable it sets: a flag, or what its argument says. */
struct verb_option {
	const char *name; /* NULL behind the last */
	char letter;	  /* 0: it has none */
	bool *flag;
	const char **text;
	struct verb_list *list; /* may be said more than once */
	bool optional;		/* --NAME without an argument sets *text to NULL */
};
#define OPTIONS_MAX 16 /* options of a verb */
/* The index of the first operand; -EINVAL, after a complaint. */
int options_parse(int argc, char **argv, const struct verb_option *options);

/* Every snapshot verb reads one: DIR, -D DIR, or a stream. */
struct input {
	const char *directory; /* -D, or the operand */
	const char *stream;    /* -i: "-" or a file */
	struct verb_list bases;
};
/* The same for verbs that take one snapshot and nothing else. 0 or -EINVAL. */
int input_parse(const char *verb, int argc, char **argv, const struct verb_option *options,
		struct input *input);
/* Opens it; a stream is unpacked first. The sentence goes to stderr. */
int input_open(const struct input *input, enum snapshot_check check, bool quiet,
	       struct image **image);

/*
 * A bar on the terminal after the first second; ends the work when a signal asks for it, so that
 * nothing of it is left.
 */
struct snapshot_progress progress_start(bool quiet);
/* Takes the bar away. */
void progress_end(void);
/* And signals end the program at once again. Whether one has asked for the end meanwhile. */
bool progress_stop(void);

#endif
