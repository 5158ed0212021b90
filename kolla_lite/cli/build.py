"""kolla-lite build: images, from declarations and templates."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from kolla_lite.cli.common import config_option, examples, json_option, output, print_json, verbose_option
from kolla_lite.errors import EXIT_DONE, EXIT_FAILED
from kolla_lite.image.build import build, observe, plan_for, recipes_for
from kolla_lite.image.execute import write_context
from kolla_lite.image.options import OPTIONS, load_options
from kolla_lite.image.picture import draw
from kolla_lite.image.plan import Selection, select, tree
from kolla_lite.image.progress import Progress, closing, megabytes
from kolla_lite.image.render import Recipe


def option_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """A flag for each option of build.conf, described by the option itself; not given, it is None."""
    for option in reversed(OPTIONS):
        flag = "--" + option.dest.replace("_", "-")
        kind = int if option.dest == "jobs" else str
        function = click.option(flag, option.dest, type=kind, multiple=option.multi, help=option.help)(function)
    return function


@click.command(
    short_help="Build container images, in parallel, and only what changed.",
    epilog=examples(
        "kolla-lite build                         # every image that is not as declared",
        "kolla-lite build keystone 'rabbit*'      # these, and what they build on",
        "kolla-lite build --list                  # what would be built, and why",
        "kolla-lite build --graph images.svg      # a picture",
        "kolla-lite build --render /tmp/images    # Dockerfiles and contexts only",
        "kolla-lite build --registry registry.example.com:5000 --push",
        "kolla-lite build keystone --no-cache --no-parents",
    ),
)
@click.argument("images", nargs=-1, metavar="[IMAGE|PATTERN]...")
@click.option("--list", "listing", is_flag=True, help="Say what would be done to each image and why; build nothing.")
@click.option(
    "--graph",
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="Show what builds on what, or draw it to a .svg or .png file.",
)
@click.option(
    "--render",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write Dockerfiles and what they copy; build nothing.",
)
@click.option("--no-cache", is_flag=True, help="Build the images asked for afresh, layer by layer.")
@click.option(
    "--parents/--no-parents", default=True, help="Also build what the images build on, where it changed (default)."
)
@click.option("--children", is_flag=True, help="Also build what builds on the images.")
@click.option("--push", is_flag=True, help="Push each image to the registry.")
@option_flags
@config_option
@json_option
@verbose_option
def command(
    images: tuple[str, ...],
    listing: bool,
    graph: str | None,
    render: Path | None,
    no_cache: bool,
    parents: bool,
    children: bool,
    push: bool,
    directory: Path,
    as_json: bool,
    verbose: int,
    **flags: Any,
) -> int:
    """Build container images: those named, those that match a pattern, or all; in parallel, and only what changed.

    Options of build.conf in the configuration folder apply; a flag goes before the file.
    """
    options = load_options(
        directory, {name: list(value) or None if isinstance(value, tuple) else value for name, value in flags.items()}
    )
    selection = Selection(images, parents, children, no_cache)
    if graph or render:
        recipes = recipes_for(options)
        _, names = select(recipes, selection)
        return _show_graph(recipes, names, graph) if graph else _render(recipes, names, render)
    if listing:
        return _list(recipes_for(options), selection, as_json)
    # With --json, standard output is the document alone.
    with Progress(
        Console(stderr=True, soft_wrap=not sys.stderr.isatty(), highlight=False) if as_json else output(), verbose
    ) as progress:
        summary = build(options, selection, progress, push)
    if as_json:
        print_json(summary.as_dict())
    else:
        output().print(closing(summary))
    return EXIT_FAILED if summary.failed else EXIT_DONE


def _show_graph(recipes: Mapping[str, Recipe], names: list[str], where: str) -> int:
    if where == "-":
        click.echo(tree(recipes, names), nl=False)
    else:
        draw(recipes, names, Path(where))
    return EXIT_DONE


def _render(recipes: Mapping[str, Recipe], names: list[str], folder: Path | None) -> int:
    for name in names:
        if folder and recipes[name].how == "dockerfile":
            write_context(recipes[name], folder / name)
            click.echo(folder / name / "Dockerfile")
    return EXIT_DONE


def _list(recipes: Mapping[str, Recipe], selection: Selection, as_json: bool) -> int:
    plan = plan_for(recipes, selection)
    if not as_json:
        click.echo(plan.text(), nl=False)
        return EXIT_DONE
    known = observe(recipes)
    sizes = {name: megabytes(image.size) for name, image in known.items()}
    print_json(
        [
            {
                "name": step.name,
                "reference": step.recipe.reference,
                "parents": step.recipe.parents,
                "action": step.action,
                "cause": step.cause,
                "size": sizes.get(step.recipe.reference),
            }
            for step in plan.steps
        ]
    )
    return EXIT_DONE
