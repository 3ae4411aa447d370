//! What packagers put beside the program: the manual page, and completions for shells.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::{Repo, skipped};

const COMMANDS: [&str; 5] = ["split", "verify", "lock normalize", "completions", "man"];

/// What a program makes of a text; `None` after a line that says that the test skips.
fn through(program: &str, arguments: &[&str], text: &str) -> Option<(String, String)> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        skipped(&format!("no {program} on this machine"));
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_owned();
    // From a thread, for a page is more than a pipe holds.
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let said = |bytes| String::from_utf8(bytes).unwrap();
    Some((said(output.stdout), said(output.stderr)))
}

#[test]
fn the_manual_page_has_every_command_and_no_error_of_roff() {
    let run = Repo::new(&[]).flakepart(&["man"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for command in COMMANDS {
        assert!(run.stdout.contains(&format!(".SH \"FLAKEPART {}\"", command.to_uppercase())), "{command}");
    }
    if let Some((page, complaints)) = through("groff", &["-ww", "-man", "-Tutf8", "-P-cbou"], &run.stdout) {
        assert_eq!(complaints, "");
        // It sets both edges straight with spaces.
        let words: Vec<&str> = page.split_whitespace().collect();
        assert!(words.join(" ").contains("EXIT STATUS Exit codes: 0 fine; 1 something was found"), "{page}");
    }
}

#[test]
fn every_shell_gets_a_script_that_completes_the_commands() {
    let repo = Repo::new(&[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = repo.flakepart(&["completions", shell]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{shell}");
        let mut words = COMMANDS.iter().flat_map(|command| command.split(' '));
        assert!(words.all(|word| run.stdout.contains(word)), "{shell}");
    }
    let script = repo.flakepart(&["completions", "bash"]).stdout;
    let ask = "COMP_WORDS=(flakepart sp) COMP_CWORD=1; _flakepart flakepart sp; echo \"${COMPREPLY[@]}\"";
    if let Some(said) = through("bash", &[], &format!("{script}\n{ask}\n")) {
        assert_eq!(said, ("split\n".to_owned(), String::new()));
    }
}
