// SPDX-License-Identifier: BSD-2-Clause
/* Command lines of the verbs: getopt_long(3) over a table that says where each option goes. */
#include <errno.h>
#include <getopt.h>
#include "bpfsnap.h"

/* What getopt_long() gives for the option at an index that has no letter: beyond all letters. */
#define WITHOUT_LETTER 256

static int argument_of(const struct verb_option *option)
{
	if (!option->text && !option->list)
		return no_argument;
	return option->optional ? optional_argument : required_argument;
}

/* Both of getopt's descriptions from the one table; how many options there are. */
static size_t options_describe(const struct verb_option *options, struct option *names,
			       char *letters)
{
	size_t count = 0;

	for (; count < OPTIONS_MAX && options[count].name; count++) {
		const struct verb_option *option = &options[count];

		names[count] = (struct option){
			.name = option->name,
			.has_arg = argument_of(option),
			.val = option->letter ? option->letter : WITHOUT_LETTER + (int)count,
		};
		if (!option->letter)
			continue;
		*letters++ = option->letter;
		if (option->text)
			*letters++ = ':';
	}
	*letters = '\0';
	names[count] = (struct option){0};
	return count;
}

static int list_add(struct verb_list *list, const struct verb_option *option, const char *item)
{
	size_t count = 0;

	while (list->items[count])
		count++;
	if (count == LIST_MAX) {
		complain("--%s: not more than %d", option->name, LIST_MAX);
		return -EINVAL;
	}
	list->items[count] = item;
	return 0;
}

static int option_take(const struct verb_option *option, const char *argument)
{
	if (option->list)
		return list_add(option->list, option, argument);
	if (option->text)
		*option->text = argument;
	else
		*option->flag = true;
	return 0;
}

int options_parse(int argc, char **argv, const struct verb_option *options)
{
	struct option names[OPTIONS_MAX + 1];
	char letters[2 * OPTIONS_MAX + 1];
	size_t count = options_describe(options, names, letters), i;
	int given;

	while ((given = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		for (i = 0; i < count && names[i].val != given; i++)
			;
		if (i == count) /* getopt_long() has said why */
			return -EINVAL;
		if (option_take(&options[i], optarg))
			return -EINVAL;
	}
	return optind;
}

int input_parse(const char *verb, int argc, char **argv, const struct verb_option *options,
		struct input *input)
{
	int operand = options_parse(argc, argv, options);

	if (operand < 0)
		return operand;
	if (!input->directory && !input->stream && operand < argc)
		input->directory = argv[operand++];
	if (operand == argc && !input->directory != !input->stream)
		return 0;
	complain("%s: say which snapshot, by one DIR or with -i FILE", verb);
	return -EINVAL;
}
