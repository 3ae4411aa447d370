//! `flakepart merge`, without Nix: what a split did is taken back, byte by byte.

use crate::relocation::{CASES, repository};
use crate::support::{Repo, Run};

fn applied(repo: &Repo, arguments: &[&str]) -> Run {
    let run = repo.flakepart(&[arguments, &["--yes", "--no-verify"]].concat());
    assert_eq!(run.code, Some(0), "{run}");
    run
}

/// The fixture, and every case of code that moves with inputs.
fn repositories() -> Vec<(&'static str, Repo, &'static [&'static str])> {
    let cases = CASES.iter().map(|case| {
        let split: &[&str] = &["split", "--input", "treefmt-nix", "--partition", "dev"];
        (case.name, repository(case), split)
    });
    let fixture: &[&str] = &["split", "--partition", "agents"];
    cases.chain([("the fixture", Repo::agent_boxes(), fixture)]).collect()
}

#[test]
fn what_a_split_did_is_gone_whether_it_was_committed_or_not() {
    for (name, repo, split) in repositories() {
        for committed in [false, true] {
            let before = repo.state();
            applied(&repo, split);
            if committed {
                repo.commit();
            }
            let run = applied(&repo, &["merge", split[split.len() - 1]]);
            if committed {
                repo.commit();
            }
            assert_eq!(repo.state(), before, "{name}: {run}");
        }
    }
}

#[test]
fn partitions_made_together_are_taken_back_one_by_one_in_any_order() {
    for order in [["agents", "dev"], ["dev", "agents"]] {
        for (name, repo) in [("with import-tree", Repo::agent_boxes()), ("without", repository(&CASES[1]))] {
            let before = repo.state();
            let run = applied(&repo, &["split", "--all"]);
            assert!(run.stderr.contains("Partition agents") && run.stderr.contains("Partition dev"), "{run}");
            let mut runs = Vec::new();
            for partition in order {
                runs.push(applied(&repo, &["merge", partition]).to_string());
            }
            assert_eq!(repo.state(), before, "{name}: {runs:#?}");
        }
    }
}
