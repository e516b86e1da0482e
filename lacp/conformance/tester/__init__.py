"""Runs the cases of the catalogue against a device: a live one, or our own engine.

- `device`: what a device is (`Device`) and what a bench can do (`Need`);
- `profile`: what is known of a kind of device; `profile_reader`: from TOML or JSON;
- `bench`: what a case runs on, and the device's management, as protocols;
- `partner`, `seen`, `trial`: what the script of a case speaks to; a trial is made of
  `conversation`, `judgement` and `waiting`, `times` has the seconds they count with;
- `run`: drives one case, without I/O and without a clock;
- `results`: what came of it;
- `virtual`: the bench of our own engine in virtual time.
"""
