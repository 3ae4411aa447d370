//! The one place that prints: data to stdout, everything else to stderr.

use std::io::{IsTerminal as _, Write};

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Color, Error};
use crate::report::columns;

/// Where output goes, and how.
pub(super) struct Output {
    choice: ColorChoice,
    quiet: bool,
    /// A progress line and lines about programs would write over each other.
    progress: bool,
}

impl Output {
    pub(super) fn new(color: Color, quiet: bool, verbose: bool) -> Output {
        if verbose {
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::DEBUG)
                .with_writer(std::io::stderr)
                .with_ansi(false)
                .with_target(false)
                .without_time()
                .init();
        }

        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Output { choice, quiet, progress: !quiet && !verbose }
    }

    /// What was asked for. A reader that has gone, as in `| head`, is no error.
    pub(super) fn data(&self, text: &str) -> Result<(), Error> {
        let mut stdout = AutoStream::new(std::io::stdout().lock(), self.choice);
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::Stdout(error)),
            _ => Ok(()),
        }
    }

    /// Bytes that a program wants, such as a lock.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        self.stream(|out| out.write_all(bytes))
    }

    /// Bytes that a program wants, as they come.
    pub(super) fn stream(
        &self,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), Error> {
        match write(&mut std::io::stdout().lock()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::Stdout(error)),
            _ => Ok(()),
        }
    }

    /// What a person may like to know besides.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.stderr(text);
        }
    }

    /// What went wrong.
    pub(super) fn error(&self, error: &Error) {
        self.stderr(&error.report(columns(std::io::stderr())));
    }

    fn stderr(&self, text: &str) {
        let mut stderr = AutoStream::new(std::io::stderr().lock(), self.choice);
        // Nobody is left to tell when stderr is gone.
        let _ = stderr.write_all(text.as_bytes());
    }

    /// Asks a question that only `y` answers with yes.
    pub(super) fn confirmed(&self, question: &str) -> Result<bool, Error> {
        self.stderr(&format!("{question} [y/N] "));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map_err(Error::Stdin)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Whether stdout gets styles. A diff that goes into a pipe has to stay exact.
    pub(super) fn is_styled(&self) -> bool {
        AutoStream::new(std::io::stdout(), self.choice).current_choice() != ColorChoice::Never
    }

    /// Whether somebody is there to be asked.
    pub(super) fn is_interactive() -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// A progress line on stderr, where that is a terminal.
    pub(super) fn progress(&self) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(
            None,
            if self.progress { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        bar
    }
}
