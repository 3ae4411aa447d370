//! `flakepart man`

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::{Cli, Error, Outcome, Output};

pub(super) fn run(output: &Output) -> Result<Outcome, Error> {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    let mut page = Vec::new();
    write(&cli, &mut page).map_err(Error::Stdout)?;
    output.bytes(&page)?;
    Ok(Outcome::Fine)
}

/// One page for all: the program, then each command.
fn write(cli: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let man = Man::new(cli.clone());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    let mut rest: Vec<&clap::Command> = cli.get_subcommands().collect();
    rest.reverse();
    while let Some(command) = rest.pop() {
        command_section(command, page)?;
        let below: Vec<&clap::Command> = command.get_subcommands().collect();
        rest.extend(below.into_iter().rev());
    }
    let exit_codes = cli.get_after_help().map(ToString::to_string).unwrap_or_default();
    page.extend(format!(".SH \"EXIT STATUS\"\n{exit_codes}\n").bytes());
    man.render_version_section(page)
}

/// A command as a section of the page, with the sections that its own page would have one level deeper. What
/// every command takes stands above.
fn command_section(command: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let own = command.clone().mut_args(|argument| {
        let everywhere = argument.is_global_set() || argument.get_id() == "help";
        argument.hide(everywhere)
    });
    let has_options = own.get_arguments().any(|argument| !argument.is_hide_set());
    let man = Man::new(own);
    let mut sections = Vec::new();
    man.render_synopsis_section(&mut sections)?;
    man.render_description_section(&mut sections)?;
    if has_options {
        man.render_options_section(&mut sections)?;
    }
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let text = String::from_utf8_lossy(&sections).replace(".SH ", ".SS ");
    page.extend(format!(".SH \"{}\"\n{text}", name.to_uppercase()).bytes());
    Ok(())
}
