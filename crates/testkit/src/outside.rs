//! The network as a test has it: nobody is there but whom the test puts there.

use async_trait::async_trait;
use clientela_access::openid::Web;
use parking_lot::Mutex;

/// What is asked: the address, the form, the `Authorization` header.
pub type Asked<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

type Answers = Box<dyn Fn(Asked<'_>) -> Result<(u16, Vec<u8>), String> + Send>;

/// Whom the server reaches.
#[derive(Default)]
pub struct Outside {
    answers: Mutex<Option<Answers>>,
    asked: Mutex<Vec<String>>,
}

impl Outside {
    /// From now on this answers.
    pub fn answer(&self, answers: impl Fn(Asked<'_>) -> Result<(u16, Vec<u8>), String> + Send + 'static) {
        *self.answers.lock() = Some(Box::new(answers));
    }

    /// The addresses that were asked since this was last called.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock())
    }
}

#[async_trait]
impl Web for Outside {
    async fn ask(&self, url: &str, form: Option<String>, authorization: Option<String>, most: usize) -> Result<(u16, Vec<u8>), String> {
        self.asked.lock().push(url.to_owned());
        let answers = self.answers.lock();
        let answer = answers.as_ref().ok_or_else(|| "nobody is there".to_owned())?;
        let (status, body) = answer((url, form.as_deref(), authorization.as_deref()))?;
        if body.len() > most { Err("its answer is too large".to_owned()) } else { Ok((status, body)) }
    }
}
