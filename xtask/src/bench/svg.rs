//! Charts, as a picture that is readable on light and on dark ground: no background, and
//! colours of a middle brightness.

use std::fmt::Write as _;

/// One chart: numbers over a count, the count on a logarithmic axis.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// What is counted.
    pub(crate) unit: String,
    pub(crate) axis: Axis,
    pub(crate) lines: Vec<Line>,
}

/// The axis that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    /// Powers of ten.
    Logarithmic,
    /// From zero.
    Linear,
}

/// One line of a chart.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) title: String,
    /// One of [`COLOURS`]: the same thing has the same one in all charts.
    pub(crate) colour: usize,
    /// Count and number, both above zero.
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 330.0;
/// Room around the lines: left, right, above and below.
const MARGIN: (f64, f64, f64, f64) = (56.0, 20.0, 36.0, 110.0);

const TEXT: &str = "#7a7f87";
/// What lines may have.
pub(crate) const COLOURS: [&str; 4] = ["#d9822b", "#3b82d6", "#3a9e5c", "#a56cc1"];

/// Charts, two in a row.
pub(crate) fn draw(charts: &[Chart]) -> String {
    let (mut x, mut y) = (0.0, 0.0);
    let mut body = String::new();
    for chart in charts {
        let _ = writeln!(body, "<g transform=\"translate({x} {y})\">");
        chart.draw(&mut body);
        body.push_str("</g>\n");
        (x, y) = if x == 0.0 { (WIDTH, y) } else { (0.0, y + HEIGHT) };
    }
    let height = if x == 0.0 { y } else { y + HEIGHT };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"{TEXT}\">\n{body}</svg>\n",
        2.0 * WIDTH
    )
}

impl Chart {
    fn draw(&self, out: &mut String) {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let (left, right, top, bottom) = MARGIN;
        let across = Scale::of(Axis::Logarithmic, points().map(|(x, _)| *x), left, WIDTH - right);
        let up = Scale::of(self.axis, points().map(|(_, y)| *y), HEIGHT - bottom, top);

        text(
            out,
            (WIDTH / 2.0, 20.0),
            "middle",
            &format!("<tspan font-weight=\"bold\">{}</tspan>", escaped(&self.title)),
        );
        for tick in up.ticks() {
            let y = up.place(tick);
            rule(out, (left, y), (WIDTH - right, y));
            text(out, (left - 6.0, y + 4.0), "end", &number(tick));
        }
        for tick in across.ticks() {
            let x = across.place(tick);
            rule(out, (x, top), (x, HEIGHT - bottom));
            text(out, (x, HEIGHT - bottom + 16.0), "middle", &number(tick));
        }
        text(out, (WIDTH / 2.0, HEIGHT - bottom + 32.0), "middle", &escaped(&self.unit));

        for (index, line) in self.lines.iter().enumerate() {
            let colour = COLOURS[line.colour % COLOURS.len()];
            let mut places = String::new();
            for (x, y) in &line.points {
                let (x, y) = (across.place(*x), up.place(*y));
                let _ = write!(places, "{x:.1},{y:.1} ");
                let _ = writeln!(
                    out,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
                );
            }
            let _ = writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                places.trim_end()
            );
            #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
            let y = HEIGHT - bottom + 52.0 + 16.0 * index as f64;
            let _ = writeln!(
                out,
                "<path d=\"M{left} {:.1}h18\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                y - 4.0
            );
            text(out, (left + 24.0, y), "start", &escaped(&line.title));
        }
    }
}

/// From numbers to places.
#[derive(Debug)]
struct Scale {
    axis: Axis,
    /// The numbers at the ends.
    from: f64,
    to: f64,
    /// The places of these.
    start: f64,
    end: f64,
    step: f64,
}

impl Scale {
    fn of(axis: Axis, numbers: impl Iterator<Item = f64>, start: f64, end: f64) -> Self {
        let (lowest, highest) = numbers
            .fold((f64::MAX, f64::MIN), |(low, high), number| (low.min(number), high.max(number)));
        // Without numbers, any axis will do.
        let (lowest, highest) = if lowest > highest { (1.0, 10.0) } else { (lowest, highest) };
        match axis {
            Axis::Logarithmic => {
                let from = 10_f64.powf(lowest.log10().floor());
                let to = 10_f64.powf(highest.log10().ceil()).max(from * 10.0);
                Self { axis, from, to, start, end, step: 10.0 }
            }
            Axis::Linear => {
                let step = round_step(highest / 4.0);
                let to = (highest / step).ceil() * step;
                Self { axis, from: 0.0, to, start, end, step }
            }
        }
    }

    fn place(&self, number: f64) -> f64 {
        let part = match self.axis {
            Axis::Logarithmic => (number / self.from).ln() / (self.to / self.from).ln(),
            Axis::Linear => number / self.to,
        };
        self.start + part * (self.end - self.start)
    }

    fn ticks(&self) -> Vec<f64> {
        let mut ticks = vec![self.from];
        // Half a step more, since sums of fractions are seldom exact.
        while let Some(&last) = ticks.last() {
            let next = match self.axis {
                Axis::Logarithmic => last * self.step,
                Axis::Linear => last + self.step,
            };
            if next > self.to * 1.001 {
                break;
            }
            ticks.push(next);
        }
        ticks
    }
}

/// 1, 2 or 5 times a power of ten, not below `at_least`.
fn round_step(at_least: f64) -> f64 {
    let power = 10_f64.powf(at_least.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let fitting = factors.into_iter().find(|factor| factor * power >= at_least * 0.999);
    fitting.unwrap_or(10.0) * power
}

/// `0.01`, `25`, `5,000`
fn number(number: f64) -> String {
    if number >= 1000.0 {
        let text = format!("{number:.0}");
        let head = text.len() % 3;
        let mut parts: Vec<&str> =
            (head..text.len()).step_by(3).map(|at| &text[at..at + 3]).collect();
        if head > 0 {
            parts.insert(0, &text[..head]);
        }
        return parts.join(",");
    }
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, content: &str) {
    let _ =
        writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>");
}

fn rule(out: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        out,
        "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"{TEXT}\" stroke-opacity=\"0.35\"/>"
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(axis: Axis, numbers: &[f64]) -> Scale {
        Scale::of(axis, numbers.iter().copied(), 0.0, 100.0)
    }

    fn is(place: f64, expected: f64) -> bool {
        (place - expected).abs() < 1e-6
    }

    #[test]
    fn a_logarithmic_scale_has_powers_of_ten_at_its_ends() {
        let scale = scale(Axis::Logarithmic, &[30.0, 2_000.0]);
        assert!(is(scale.place(10.0), 0.0) && is(scale.place(10_000.0), 100.0));
        assert!(is(scale.place(100.0), 100.0 / 3.0));
        let ticks: Vec<_> = scale.ticks().into_iter().map(number).collect();
        assert_eq!(ticks, ["10", "100", "1,000", "10,000"]);
    }

    #[test]
    fn a_linear_scale_begins_at_zero_and_has_round_ticks() {
        let scale = scale(Axis::Linear, &[19.0, 21.5]);
        assert!(is(scale.place(0.0), 0.0) && is(scale.place(15.0), 50.0));
        let ticks: Vec<_> = scale.ticks().into_iter().map(number).collect();
        assert_eq!(ticks, ["0", "10", "20", "30"].map(str::to_owned));
    }

    #[test]
    fn one_number_alone_has_a_place() {
        for axis in [Axis::Logarithmic, Axis::Linear] {
            let place = scale(axis, &[10.0]).place(10.0);
            assert!((0.0..=100.0).contains(&place), "{axis:?}: {place}");
        }
    }

    #[test]
    fn every_point_is_drawn_inside_its_chart() {
        let chart = |axis| Chart {
            title: "a < b & c".to_owned(),
            unit: "events".to_owned(),
            axis,
            lines: vec![Line {
                title: "x".to_owned(),
                colour: 0,
                points: vec![(1_000.0, 0.02), (10_000.0, 3.0), (100_000.0, 700.0)],
            }],
        };
        let picture = draw(&[chart(Axis::Linear), chart(Axis::Logarithmic), chart(Axis::Linear)]);
        assert!(picture.contains("viewBox=\"0 0 880 660\""), "{picture}");
        assert!(picture.contains("a &lt; b &amp; c"), "{picture}");
        let circles: Vec<_> = picture.lines().filter(|line| line.starts_with("<circle")).collect();
        assert_eq!(circles.len(), 9);
        for circle in circles {
            let value = |name: &str| -> f64 {
                let rest = circle.split(name).nth(1).expect("an attribute");
                rest.split('"').nth(1).and_then(|text| text.parse().ok()).expect("a number")
            };
            assert!((56.0..=420.0).contains(&value("cx=")), "{circle}");
            assert!((36.0..=220.0).contains(&value("cy=")), "{circle}");
        }
    }
}
