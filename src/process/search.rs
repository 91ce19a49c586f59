//! Which files a command may mean: the rule of execvp(3), over the PATH that the *child* will have.
//!
//! A command with a slash is a path, relative to the child's working directory. Any other is looked for in the
//! directories of PATH, in their order; an empty entry is the working directory. Without a PATH: /bin, /usr/bin.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";
/// `PATH_MAX`: the kernel takes no longer name, so glibc skips directories that make one.
const LONGEST_PATH: usize = 4096;

/// The files to try, in this order. Empty for an empty command, which nothing can be.
pub fn candidates(command: &OsStr, envp: &[OsString]) -> Vec<OsString> {
    let command = command.as_bytes();
    if command.is_empty() {
        return Vec::new();
    }
    if command.contains(&b'/') {
        return vec![OsString::from_vec(command.to_vec())];
    }
    let path = envp.iter().find_map(|pair| pair.as_bytes().strip_prefix(b"PATH=")).unwrap_or(DEFAULT_PATH);
    path.split(|&byte| byte == b':')
        .filter(|directory| directory.len() + 1 + command.len() < LONGEST_PATH)
        .map(|directory| {
            let separator: &[u8] = if directory.is_empty() { b"" } else { b"/" };
            OsString::from_vec([directory, separator, command].concat())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(command: &str, envp: &[&str]) -> Vec<String> {
        let envp: Vec<OsString> = envp.iter().map(OsString::from).collect();
        candidates(OsStr::new(command), &envp).into_iter().map(|file| file.into_string().unwrap()).collect()
    }

    #[test]
    fn a_command_without_slash_is_looked_for_in_the_childs_path_in_order() {
        assert_eq!(found("ls", &["HOME=/", "PATH=/a:/b/c", "PATH=/d"]), ["/a/ls", "/b/c/ls"]);
    }

    #[test]
    fn an_empty_entry_of_path_is_the_working_directory() {
        assert_eq!(found("ls", &["PATH=:/a:"]), ["ls", "/a/ls", "ls"]);
        assert_eq!(found("ls", &["PATH="]), ["ls"]);
    }

    #[test]
    fn a_command_with_a_slash_is_a_path() {
        assert_eq!(found("./ls", &["PATH=/a"]), ["./ls"]);
        assert_eq!(found("a/", &["PATH=/a"]), ["a/"]);
    }

    #[test]
    fn without_a_path_the_systems_directories_are_searched() {
        assert_eq!(found("ls", &["PATHS=/a"]), ["/bin/ls", "/usr/bin/ls"]);
    }

    #[test]
    fn an_empty_command_and_a_directory_beyond_the_limit_are_nothing() {
        assert!(found("", &["PATH=/a"]).is_empty());
        assert_eq!(found("ls", &[&format!("PATH=/{}:/b", "a".repeat(5000))]), ["/b/ls"]);
    }
}
