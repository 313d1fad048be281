# The portal of LemonLDAP::NG, without pictures that would ask for ImageMagick.
package Lemonldap::NG::Portal::Captcha::None;
use Mouse;
extends 'Lemonldap::NG::Portal::Main::Plugin';
sub init { 1 }
$INC{'Lemonldap/NG/Portal/Captcha/None.pm'} = 1;

package main;
use Lemonldap::NG::Portal::Main;
Lemonldap::NG::Portal::Main->run({});
