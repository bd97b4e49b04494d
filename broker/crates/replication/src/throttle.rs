//! A limit on the bytes that replicas outside of the ISR may take (KIP-73,
//! `kafka.server.ReplicationQuotaManager`).

/// A bucket that holds the bytes of one second.
#[derive(Debug)]
pub struct Throttle {
    /// Bytes per second; `i64::MAX` is no limit.
    rate: i64,
    /// Bytes that may still go; negative after more went than was left.
    left: i64,
    refilled_ms: i64,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { rate: i64::MAX, left: i64::MAX, refilled_ms: 0 }
    }
}

impl Throttle {
    /// Sets the limit, in bytes per second; `i64::MAX` lifts it. A full bucket starts a new limit.
    pub fn set_rate(&mut self, rate: i64, now_ms: i64) {
        if rate != self.rate {
            *self = Self { rate, left: rate, refilled_ms: now_ms };
        }
    }

    /// Bytes went.
    pub fn record(&mut self, bytes: u64, now_ms: i64) {
        if self.rate < i64::MAX {
            self.refill(now_ms);
            self.left = self.left.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }

    /// For how long nothing may go, ms; 0 when something may.
    pub fn wait_ms(&mut self, now_ms: i64) -> i64 {
        if self.rate == i64::MAX {
            return 0;
        }
        self.refill(now_ms);
        if self.left > 0 {
            return 0;
        }
        let missing = 1 - i128::from(self.left);
        let wait = (missing * 1000).div_euclid(i128::from(self.rate.max(1))) + 1;
        i64::try_from(wait).unwrap_or(i64::MAX)
    }

    fn refill(&mut self, now_ms: i64) {
        let passed = i128::from((now_ms - self.refilled_ms).max(0));
        let earned = i128::from(self.rate) * passed / 1000;
        if earned > 0 {
            let left = (i128::from(self.left) + earned).min(i128::from(self.rate));
            self.left = i64::try_from(left).unwrap_or(i64::MAX);
            self.refilled_ms = now_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_limit_is_waited_off() {
        let mut throttle = Throttle::default();
        throttle.record(u64::MAX, 0);
        assert_eq!(throttle.wait_ms(0), 0, "no limit");
        throttle.set_rate(1000, 0);
        throttle.record(400, 0);
        assert_eq!(throttle.wait_ms(0), 0);
        throttle.record(2600, 0);
        assert_eq!(throttle.wait_ms(0), 2002, "2000 too many");
        assert_eq!(throttle.wait_ms(1000), 1002);
        assert_eq!(throttle.wait_ms(2002), 0);
        throttle.set_rate(1000, 2002);
        throttle.set_rate(i64::MAX, 2002);
        assert_eq!(throttle.wait_ms(2002), 0);
    }

    #[test]
    fn the_average_of_a_long_time_is_the_limit() {
        let mut throttle = Throttle::default();
        throttle.set_rate(10_000, 0);
        let (mut sent, mut now) = (0_u64, 0);
        while now < 60_000 {
            match throttle.wait_ms(now) {
                0 => {
                    throttle.record(3_333, now);
                    sent += 3_333;
                }
                wait => now += wait,
            }
        }
        assert!((590_000..=620_000).contains(&sent), "{sent}");
    }
}
