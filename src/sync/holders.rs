//! A table of tokens: which agents hold one of several equal places (a permit, the right to read).
//!
//! A word for each place: 0 free, else its holder's token. Taking one and giving it back is one compare-exchange, so
//! there is no counter that a kill could leave wrong; the place of a dead holder counts as free, and is taken over by
//! one compare-exchange from that very token.

use crate::memory::{Domain, Token};
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::SeqCst;

#[derive(Clone, Copy)]
pub struct Holders<'d> {
    domain: &'d Domain,
    offset: u64,
    count: u32,
}

impl<'d> Holders<'d> {
    pub const PLACE_SIZE: u64 = 4;

    pub fn at(domain: &'d Domain, offset: u64, count: u32) -> Self {
        Self { domain, offset, count }
    }

    /// A free place becomes that agent's. Returns its index, and whose death had left it.
    pub fn take(self, me: Token) -> Option<(u32, Option<Token>)> {
        (0..self.count).find_map(|index| {
            let word = self.place(index);
            let seen = Token(word.load(SeqCst));
            if seen != Token::NOBODY && self.domain.agents().is_alive(seen) {
                return None;
            }
            word.compare_exchange(seen.0, me.0, SeqCst, SeqCst).ok()?;
            Some((index, (seen != Token::NOBODY).then_some(seen)))
        })
    }

    /// One place of that agent becomes free. `false`: it holds none.
    pub fn give_back(self, holder: Token) -> bool {
        (0..self.count)
            .map(|index| self.place(index))
            .any(|word| word.load(SeqCst) == holder.0 && word.compare_exchange(holder.0, 0, SeqCst, SeqCst).is_ok())
    }

    /// The living holders, each as often as it holds.
    pub fn alive(self) -> impl Iterator<Item = Token> {
        (0..self.count)
            .map(move |index| Token(self.place(index).load(SeqCst)))
            .filter(move |token| *token != Token::NOBODY && self.domain.agents().is_alive(*token))
    }

    fn place(self, index: u32) -> &'d AtomicU32 {
        self.domain.map().u32_at(self.offset + u64::from(index) * Self::PLACE_SIZE)
    }
}
