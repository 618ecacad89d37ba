#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares the documents with the tables of the sources that they describe. Prints TAP.

usage: check-pages.py [TOP]

What a program takes and no page says, and what a page says and no program takes, is an error: the
options of bpfuse and bpfsnap, the words of completion, the members of a scenario, errno values that
the kernel and the emulation give, exit statuses; every example of a page must be run by a test, and
every path that README names must be there.
"""
import os
import re
import sys

TOP = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")
CASES = []


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as stream:
        return stream.read()


def page(name):
    return read(f"tools/man/{name}.scd")


def section(text, title):
    """What is behind the heading, up to the next of the same rank."""
    rank = "##" if f"\n## {title}\n" in text else "#"
    body = text.split(f"\n{rank} {title}\n", 1)[1]
    return re.split(rf"^#{{1,{len(rank)}}} ", body, maxsplit=1, flags=re.M)[0]


def plain(text):
    """Without the marks of bold and underlined text; an underscore inside a word stays."""
    text = text.replace("\\", "").replace("*", "")
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", "", text)


def words(text):
    return set(re.findall(r"[A-Za-z0-9_-]+", plain(text)))


def bold(text):
    return {plain(found) for found in re.findall(r"(?<![*\\])\*([^*\n]+)\*", text)}


def expect_same(title, one, other):
    """Both are sets; says which has more."""
    missing, extra = sorted(one - other), sorted(other - one)
    CASES.append((title, [f"not described: {m}" for m in missing] + [f"not there: {e}" for e in extra]))


def expect_all(title, wanted, have):
    CASES.append((title, [f"missing: {w}" for w in sorted(set(wanted) - set(have))]))


# --- examples ---

# Examples that run-examples.py cannot run as they stand: {first words: (page, why, test that takes
# the line from the page, what it says there)}
RUN_ELSEWHERE = {
    "/sys/fs/bpf ": ("bpfuse.8", "a line of a file, for mount(8) at boot",
                     "tests/system/mount.sh", "fuse.bpfuse "),
    "sshfs ": ("bpfuse.8", "wants another machine: a network namespace with an sshd in it",
               "tests/system/sshfs.sh", "sshfs_sync,"),
}


def blocks(text):
    return [block.strip("\n").splitlines()
            for block in re.findall(r"^```\n(.*?)^```$", text, flags=re.M | re.S)]


def check_examples():
    """Each literal block of each page is run, with the prompt that it has."""
    runs = read("tests/docs/meson.build")
    for name in sorted(os.listdir(os.path.join(TOP, "tools/man"))):
        if not name.endswith(".scd"):
            continue
        text, faults, prompts = read(f"tools/man/{name}"), [], set()
        for block in blocks(text):
            if block[0].startswith(("$ ", "# ")):
                prompts.add(block[0][0])
                continue
            other = [how for words, how in RUN_ELSEWHERE.items()
                     if block[0].startswith(words) and name == how[0] + ".scd"]
            faults += [f"not run: {block[0]}"] if not other else [
                f"{how[2]} does not take it from the page: {block[0]}" for how in other
                if how[3] not in block[0] or how[3] not in read(how[2]) or "$page" not in read(how[2])]
        for prompt in prompts:
            test = rf"\[\['--prompt', '#',[^\]]*'{name}'" if prompt == "#" else rf"\[\[man / '{name}'"
            if not re.search(test, runs):
                faults.append(f"tests/docs/meson.build runs no examples behind {prompt}")
        # A paragraph that is set in by a tab is read as an example, too, and nobody runs it.
        faults += [f"an example that is no literal block: {line.strip()}" for line in
                   re.findall(r"\n\n(\t[^\t|*\n].*)(?=\n\n)", text) if not re.search(r"^\t[A-Z]", line)]
        CASES.append((f"every example of {name.removesuffix('.scd')} is run",
                      faults or ([] if prompts else ["it has none"])))


# --- bpfuse ---

def check_options():
    table = read("fs/options.c").split("option_table[]", 1)[1].split("FUSE_OPT_END", 1)[0]
    ignored = set(re.findall(r'IGNORED\("([^"]+)"\)', table))
    taken = set(re.findall(r'(?:FUSE_OPT_KEY|OPTION)\("([^"]+)"', table))
    taken |= {name + "=" for name in re.findall(r'\{"(\w+)=%', table)}
    options = section(page("bpfuse.8"), "OPTIONS")
    heads = "\n".join(line for line in options.splitlines() if re.match(r"\t*\*", line))
    described = {re.sub(r"(?<==).*", "", word.removeprefix("-o ")) for word in bold(heads)} - {"-o", "hex"}
    expect_same("options of bpfuse(8)", taken, {d for d in described if d not in ignored})
    expect_all("fstab's words in bpfuse(8)", {"auto", "noauto", "user", "nofail", "_netdev", "x-"} & ignored,
               {w.replace("x-*", "x-") for w in re.findall(r"[\w-]+", options.replace("\\", "").replace("*", ""))} | {"x-"})
    usage = read("fs/options.c").split("options_usage", 1)[1]
    shown = set(re.findall(r"-o (?:ro, -o )?([a-z_]+=?)", usage)) | set(re.findall(r"  (-[a-zA-Z])\b", usage))
    expect_all("options that bpfuse -h shows", {t for t in taken if t not in ("debug", "--help", "--version", "-V", "ro")},
               shown | {"-V"})
    completion = read("tools/completion/bpfuse")
    offered = set(re.findall(r"[a-z_]+=?", completion.split('local words="', 1)[1].split('"', 1)[0]))
    expect_all("options that completion offers",
               {t for t in taken if not t.startswith("-") and t != "debug"}, offered)


def check_errors():
    errors = section(page("bpfuse.8"), "ERRORS")
    described = set(re.findall(r"\bE[A-Z0-9]{3,}\b", errors))
    given = set()
    for room in ("lib/emu", "lib/kernel", "lib/control", "lib/text", "fs", "tests/conformance"):
        for directory, _, names in os.walk(os.path.join(TOP, room)):
            for name in names:
                if re.fullmatch(r"(table|creation_rows|cases_.*)\.c" if "tests" in room else r".*\.c", name):
                    text = read(os.path.join(directory, name))
                    given |= set(re.findall(r"(?<![=!]= )-(E[A-Z0-9]{3,})\b", text))
                    given |= set(re.findall(r"fault_set\([^,;]+,\s*(E[A-Z0-9]{3,})\b", text))
    # What never leaves the program: signs between its parts, and a start that fails.
    inside = {"EINPROGRESS", "ESRCH", "ECANCELED", "ENOSYS", "EDOM"}
    expect_all("errno values in bpfuse(8)", given - inside, described)
    expect_all("errno values of bpfuse(8) are given", described - {"ENOTSUPP"}, given | {"EISDIR", "ENOTDIR"})


# --- bpfsnap ---

def synopsis(text):
    """{verb: options} of lines that begin with "bpfsnap VERB"."""
    verbs = {}
    for verb, rest in re.findall(r"^bpfsnap ([a-z]+) (.*)$", text, flags=re.M):
        verbs[verb] = set(re.findall(r"(?<![\w-])--?[A-Za-z][a-z-]*", rest))
    return verbs


# Long and short names of what the usage shows by one of them.
OTHER_NAMES = {"--directory", "--output", "--input", "-q"}


def taken_by(verb):
    """The options in the table of the verb's source, by both names."""
    table = read(f"tools/bpfsnap/{verb}.c").split("struct verb_option options[] = {", 1)[1].split("};", 1)[0]
    return {"--" + name for name in re.findall(r'\{"([a-z-]+)",', table)} | {
        "-" + letter for letter in re.findall(r"'([A-Za-z])'", table)}


def check_bpfsnap():
    text = page("bpfsnap.8")
    described = synopsis(plain(section(text, "SYNOPSIS")))
    usage = read("tools/bpfsnap/bpfsnap.c")
    told = {}
    for verb, rest in re.findall(r'\{"([a-z]+)", verb_\w+,\s*((?:"[^"]*"\s*)+)', usage):
        told[verb] = set(re.findall(r"(?<![\w-])--?[A-Za-z][a-z-]*", rest))
    told = {verb: options for verb, options in told.items() if verb in described}
    expect_same("verbs of bpfsnap(8)", set(told), set(described))
    body = plain(text.split("# DESCRIPTION", 1)[1])
    for verb in sorted(told):
        expect_same(f"options of bpfsnap {verb} in the synopsis", told[verb], described[verb])
        expect_all(f"options of bpfsnap {verb} are described", told[verb] | taken_by(verb),
                   re.findall(r"--?[A-Za-z][a-z-]*", body))
        expect_all(f"options that the usage of bpfsnap {verb} shows", taken_by(verb) - OTHER_NAMES, told[verb])
    completion = read("tools/completion/bpfuse")
    for verb, options in sorted(told.items()):
        line = re.search(rf"^\s*{verb}\) (.*?)$", completion, flags=re.M)
        offered = set(re.findall(r"(?<![\w-])--?[A-Za-z][a-z-]*", line.group(1))) if line else set()
        expect_same(f"options that completion offers for bpfsnap {verb}", options, offered)
    status = section(text, "EXIT STATUS")
    expect_all("exit statuses of bpfsnap(8)", {"0", "1", "2", "3"}, bold(status))


# --- scenario, formats ---

def check_scenario():
    text = plain(page("bpfuse-scenario.5"))
    sources = [name for name in os.listdir(os.path.join(TOP, "lib/emu")) if name.startswith("scenario")
               and name.endswith(".c")]
    members = set()
    for name in sources:
        members |= set(re.findall(r'\{"(\w+)",\s*SCENARIO_', read(f"lib/emu/{name}")))
    sections = set(re.findall(r'\{"(\w+)", scenario_load_', read("lib/emu/scenario.c")))
    have = set(re.findall(r"\w+", text))
    expect_all("sections of bpfuse-scenario(5)", sections, have)
    expect_all("members in bpfuse-scenario(5)", members, have)
    tables = [line for line in page("bpfuse-scenario.5").split("# EXAMPLES", 1)[0].splitlines()
              if re.match(r"(\[\[|\|) ", line)]
    named = {name for line in tables for name in bold(line)}
    expect_all("bpfuse-scenario(5) names what there is", named, members | sections)


def check_spec_words():
    table = read("lib/spec_words.c")
    there = set(re.findall(r'^\t\{"(\w+)", "', table, flags=re.M))
    described = set(re.findall(r"\b([a-z]+)=", plain(page("bpfuse.8"))))
    expect_all("words of a new map in bpfuse(8)", there, described)
    formats = section(page("bpfuse-formats.5"), "CREATING A MAP")
    expect_same("words of a new map in bpfuse-formats(5)", there,
                {word.rstrip("=") for word in bold(formats) if re.fullmatch("[a-z]+=", word)})


def check_environment():
    for name, rooms in (("bpfuse.8", ["fs"]), ("bpfsnap.8", ["tools/bpfsnap", "lib/image", "lib"])):
        sources = "".join(read(f"{room}/{source}") for room in rooms
                          for source in os.listdir(os.path.join(TOP, room)) if source.endswith(".c"))
        expect_same(f"environment of {name}", set(re.findall(r'getenv\("(\w+)"\)', sources)),
                    {word for word in bold(section(page(name), "ENVIRONMENT")) if re.fullmatch("[A-Z_]+", word)})


def check_type_words():
    table = read("lib/text/type_words.c").split("words[] = {", 1)[1].split("};", 1)[0]
    there = set(re.findall(r'\{"(\w+)", TYPE_', table))
    heads = [line for line in section(page("bpfuse-formats.5"), "TYPES IN WORDS").splitlines()
             if re.match(r"\*[a-z]", line)]
    expect_same("types in words of bpfuse-formats(5)", there,
                {word for line in heads for words_ in bold(line) for word in words_.split()} - {"btf"})


# --- README ---

def check_readme():
    text = read("README.md")
    paths = set(re.findall(r"`((?:lib|fs|tools|tests|debian)/[\w./-]*[\w/])`", text))
    paths |= set(re.findall(r"`((?:lib|fs|tools|tests)/[\w./-]+\.\w+)", text))
    paths |= {link for link in re.findall(r"\]\(([^)#:]+)\)", text)}
    placeholders = {path for path in paths if re.search(r"[A-Z]{3,}\.[ch]$", path)}
    CASES.append(("paths of README", [f"missing: {path}" for path in sorted(paths - placeholders)
                                      if not os.path.exists(os.path.join(TOP, path))]))
    functions = set(re.findall(r"`(\w+)\(\)`", text))
    sources = "".join(read(os.path.join(directory, name)) for room in ("lib", "fs", "tools", "tests")
                      for directory, _, names in os.walk(os.path.join(TOP, room))
                      for name in names if name.endswith((".c", ".h")))
    CASES.append(("functions of README", [f"missing: {name}()" for name in sorted(functions)
                                          if not re.search(rf"\b{name}\(", sources)]))
    structs = set(re.findall(r"`struct (\w+)`", text))
    CASES.append(("structs of README", [f"missing: struct {name}" for name in sorted(structs)
                                        if not re.search(rf"\bstruct {name} \{{", sources)]))
    tables = set(re.findall(r"`(\w+)\[\]`", text))
    CASES.append(("tables of README", [f"missing: {name}[]" for name in sorted(tables)
                                       if not re.search(rf"\b{name}\[\w*\] = ", sources)]))


def main():
    for check in (check_examples, check_options, check_errors, check_bpfsnap, check_scenario, check_spec_words, check_type_words, check_environment,
                  check_readme):
        check()
    failed = 0
    for number, (title, faults) in enumerate(CASES, 1):
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - {title}")
        for fault in faults:
            print(f"# {fault}")
    print(f"1..{len(CASES)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
