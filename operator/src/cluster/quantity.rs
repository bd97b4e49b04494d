//! Kubernetes quantities, compared.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// Whether `a` is less than `b`; false if either is not a quantity.
#[must_use]
pub fn less(a: &Quantity, b: &Quantity) -> bool {
    thousandths(&a.0).zip(thousandths(&b.0)).is_some_and(|(a, b)| a < b)
}

/// Whether two texts are the same quantity.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    thousandths(a).zip(thousandths(b)).is_some_and(|(a, b)| a == b)
}

/// The quantity in thousandths, its precision.
fn thousandths(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let scale: i128 = match suffix {
        "m" => 1,
        "" => 1_000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "P" => 1_000_000_000_000_000_000,
        "Ki" => 1_000 << 10,
        "Mi" => 1_000 << 20,
        "Gi" => 1_000 << 30,
        "Ti" => 1_000 << 40,
        "Pi" => 1_000 << 50,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    digits.checked_mul(scale)?.checked_div(divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_do_not_matter() {
        assert!(same("1024Mi", "1Gi"));
        assert!(same("0.5", "500m"));
        assert!(same("1.5Gi", "1536Mi"));
        assert!(!same("1G", "1Gi"));
        assert!(!same("broker", "broker"));
    }

    #[test]
    fn sizes_are_ordered() {
        let less = |a: &str, b: &str| less(&Quantity(a.to_owned()), &Quantity(b.to_owned()));
        assert!(less("1G", "1Gi"));
        assert!(less("900Mi", "1Gi"));
        assert!(!less("1Gi", "1024Mi"));
        assert!(!less("nonsense", "1Gi"));
    }
}
